import type { NextConfig } from "next";

// A folder of files that any web server can hand out: Envoy serves it, and nothing of it runs on a server.
const config: NextConfig = {
  output: "export",
  trailingSlash: true,
  images: { unoptimized: true },
  // `make check` does that; here it would double the time of a build.
  typescript: { ignoreBuildErrors: true },
  // Otherwise it looks for a lock file further up.
  turbopack: { root: import.meta.dirname },
};

export default config;
