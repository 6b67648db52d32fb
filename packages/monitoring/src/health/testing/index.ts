// @flx/monitoring/health/testing: what tests of checks need. See docs/guides/writing-a-health-check.md.

export type { HealthCheck } from "../health-check.ts";
export {
  checkContract,
  CONTRACT_CASES,
  type ContractAddress,
  type ContractCase,
  type ContractOptions,
  type ContractRun,
} from "./check-contract.ts";
export { type CheckRun, runCheck, type RunCheckOptions } from "./run-check.ts";
export {
  type Misbehaviour,
  MISBEHAVIOURS,
  refusingPort,
  type ServerBehaviour,
  startTestServer,
  type TestServer,
} from "./test-server.ts";
