import { describe, expect, it } from "vitest";

import { privacyInWords } from "./privacy";

describe("what becomes of a file", () => {
  it.each([
    [0, 0, "Your file and its result stay on this server until someone deletes them."],
    [30, 0, "Your file and its result stay on this server and are deleted after 30 days, or earlier if you delete them."],
    [7, 30, "Your file and its result stay on this server and are deleted after 7 days, or earlier if you delete them."],
    [30, 1, "Your file stays on this server and is deleted after a day, its result after 30 days; you can delete both earlier."],
    [0, 0.5, "Your file stays on this server and is deleted after 0.5 days; its result is kept until someone deletes it."],
  ])("is kept as the server is set: %d, %d", (retentionDays, mediaRetentionDays, words) => {
    expect(privacyInWords({ login: false, retentionDays, mediaRetentionDays }, "en-GB")[0]).toBe(words);
  });

  it("is seen by everyone where there is no login", () => {
    const said = (login: boolean) => privacyInWords({ login, retentionDays: 0, mediaRetentionDays: 0 })[1];
    expect(said(false)).toMatch(/everyone who can open this page can see and delete them/);
    expect(said(true)).toMatch(/can’t see them/);
  });
});
