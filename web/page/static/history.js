// Written by `make bundle` from web/page/source; change it there.
import {
  Deployments,
  History
} from "./shared-ZKFJWFC4.js";
import "./shared-LSL4QQPF.js";
export {
  Deployments,
  History
};
