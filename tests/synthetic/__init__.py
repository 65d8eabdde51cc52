"""Face videos with known answers, made from one public-domain photograph."""
