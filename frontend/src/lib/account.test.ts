import { afterEach, expect, test, vi } from "vitest";

import { currentOwner, noteServer, rememberOwner, sharedKey, wayBack } from "./account";

afterEach(() => {
  window.location.hash = "";
  rememberOwner(undefined);
});

test.each([
  ["?back=%2Fhistory%2F%3Fshow%3Dall", "/history/?show=all"],
  ["", "/"],
  ["?back=https%3A%2F%2Fevil.example", "/"],
  ["?back=%2F%2Fevil.example", "/"],
  ["?back=%2F%5Cevil.example", "/"],
  ["?back=%2Faccount%2F", "/"],
  ["?back=javascript%3Aalert(1)", "/"],
])("after signing in with %s one is on a page of this site", (search, page) => {
  expect(wayBack(search)).toBe(page);
});

test("the key of a shared link stands behind the hash sign", () => {
  expect(sharedKey()).toBeUndefined();
  window.location.hash = "#share=nr_1_2";
  expect(sharedKey()).toBe("nr_1_2");
});

test("a server without a login forgets who was signed in, and asks nobody", () => {
  const replace = vi.fn();
  vi.stubGlobal("location", { ...window.location, hash: "", replace });
  rememberOwner("alice");
  expect(currentOwner()).toBe("alice");
  noteServer({ login: false, signedIn: false });
  expect(currentOwner()).toBeUndefined();
  expect(replace).not.toHaveBeenCalled();
  noteServer({ login: true, signedIn: true });
  expect(replace).not.toHaveBeenCalled();
  vi.stubGlobal("location", { pathname: "/history/", search: "?show=all", hash: "", replace });
  noteServer({ login: true, signedIn: false });
  expect(replace).toHaveBeenCalledWith("/account/?back=%2Fhistory%2F%3Fshow%3Dall");
  vi.unstubAllGlobals();
});
