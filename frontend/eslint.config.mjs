import { defineConfig, globalIgnores } from "eslint/config";
import next from "eslint-config-next/core-web-vitals";
import typescript from "eslint-config-next/typescript";

export default defineConfig([
  ...next,
  ...typescript,
  {
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  { files: ["scripts/**", "checks/**"], rules: { "no-console": "off" } },
  globalIgnores([".next/**", "out/**", "gen/**", "next-env.d.ts"]),
]);
