import {
  Deployments,
  History
} from "./shared-VHCYZ6BT.js";
import "./shared-GWLEYWXU.js";
export {
  Deployments,
  History
};
