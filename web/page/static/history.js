// Written by `make bundle` from web/page/source; change it there.
import {
  Deployments,
  History
} from "./shared-GDLZQBKZ.js";
import "./shared-ZNN5HQBH.js";
export {
  Deployments,
  History
};
