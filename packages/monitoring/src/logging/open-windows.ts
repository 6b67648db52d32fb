// Windows of time in which something is held back and counted. When the process ends, they end with it: what was held back
// is told. (A signal has no "exit"; `Exporter.atEnd` hears of it.)

/** What has a window. */
interface Windowed {
  /** Ends the window and tells. */
  flush(): void;
}

const open = new Set<Windowed>();
let isListening = false;

/** From now on, something is held back. */
export function openWindow(windowed: Windowed): void {
  open.add(windowed);
  if (isListening) return;
  isListening = true;
  process.on("exit", () => {
    for (const each of open) each.flush();
  });
}

/** All of it was told. */
export function closedWindow(windowed: Windowed): void {
  open.delete(windowed);
}
