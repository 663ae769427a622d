// Written by `make bundle` from web/page/source; change it there.
import {
  Deployments,
  History
} from "./shared-6LRD6OLS.js";
import "./shared-F3LKPPLD.js";
export {
  Deployments,
  History
};
