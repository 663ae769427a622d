// Written by `make bundle` from web/page/source; change it there.
import {
  Deployments,
  History
} from "./shared-SZHUYNNC.js";
import "./shared-T2XWBDGD.js";
export {
  Deployments,
  History
};
