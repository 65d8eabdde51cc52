import { describe, expect, it } from "vitest";

import { crc32c } from "./crc32c.mjs";

describe("CRC32C", () => {
  // RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRCs.
  it.each([
    ["nothing", new Uint8Array(0), 0],
    ["32 bytes of zero", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 rising bytes", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["32 falling bytes", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ["the digits", new TextEncoder().encode("123456789"), 0xe3069283],
  ])("of %s is as published", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});
