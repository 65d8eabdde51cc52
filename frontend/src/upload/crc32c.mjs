// CRC32C (Castagnoli, RFC 3720 appendix B.4), reflected polynomial 0x82f63b78.
//
// Plain JavaScript, so that both the page and checks/grpc-web.mjs can load it.

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
  }
  return remainder;
});

/**
 * CRC32C of some bytes, as an unsigned 32-bit number.
 *
 * @param {Uint8Array} bytes
 * @returns {number}
 */
export function crc32c(bytes) {
  let crc = 0xffffffff;
  // An index is several times faster here than an iterator.
  for (let index = 0; index < bytes.length; index++) {
    crc = TABLE[(crc ^ /** @type {number} */ (bytes[index])) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
