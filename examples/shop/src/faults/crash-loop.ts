// The fault `crash-loop`: a background job whose bug takes the whole process down.

import type { FaultSwitches } from "./switches.ts";

const afterMs = 1000;

type BankConnection = { readonly certificate?: { readonly validUntil: string } };

/** While the fault is on, the process dies of an uncaught TypeError one second later. */
export function crashAfterStart(faults: FaultSwitches): void {
  let timer: NodeJS.Timeout | undefined;
  faults.onChange("crash-loop", (on) => {
    clearTimeout(timer);
    if (on) timer = setTimeout(() => checkBankCertificate({}), afterMs);
  });
}

function checkBankCertificate(connection: BankConnection): Date {
  return new Date(connection.certificate!.validUntil);
}
