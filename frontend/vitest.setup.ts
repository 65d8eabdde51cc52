import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// A second by default, in which a busy machine may not even have loaded what a page fetches later.
configure({ asyncUtilTimeout: 10_000 });

// Without Vitest's globals the library does not know when a test ends.
afterEach(cleanup);
