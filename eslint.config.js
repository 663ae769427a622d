import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";

export default [
  js.configs.recommended,
  reactHooks.configs["recommended-latest"],
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "off", // tsc finds these, and knows the globals
      "react-hooks/exhaustive-deps": "error",
      eqeqeq: "error",
      "max-lines-per-function": ["error", { max: 60 }],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
];
