// Asking the run again and again: one request at a time for each resource, none while the page is hidden,
// fewer of them while they fail.

const PERIOD_MS = 1000, LONGEST_PAUSE_MS = 15000, PATIENCE_MS = 10000;

const token = new URLSearchParams(location.search).get("token");

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function ask(path, settings = {}, signal = undefined) {
  const words = new URLSearchParams(Object.entries(settings).filter(([, value]) => value !== undefined && value !== ""));
  if (token) words.set("token", token);
  const query = words.toString();
  const limit = AbortSignal.timeout(PATIENCE_MS);
  const reply = await fetch(`api/${path}${query ? "?" + query : ""}`,
    { signal: signal ? AbortSignal.any([signal, limit]) : limit, cache: "no-store" });
  if (!reply.ok) {
    const body = await reply.json().catch(() => ({}));
    throw new Refused(reply.status, typeof body.error === "string" ? body.error : `the run answers with status ${reply.status}`);
  }
  return reply.json();
}

// Calls `turn(signal)` again and again; returns what ends it. `turn` may fail.
export function repeat(turn, period_ms = PERIOD_MS) {
  const ended = new AbortController();
  let timer = 0, pause_ms = period_ms, asking = false;
  const go = async () => {
    timer = 0;
    if (document.hidden || asking || ended.signal.aborted) return;
    asking = true;
    try {
      await turn(ended.signal);
      pause_ms = period_ms;
    } catch {
      pause_ms = Math.min(2 * pause_ms, LONGEST_PAUSE_MS);
    }
    asking = false;
    if (!ended.signal.aborted && !timer) timer = setTimeout(go, pause_ms);
  };
  const seen = () => {
    if (document.hidden) return;
    clearTimeout(timer);
    go();
  };
  document.addEventListener("visibilitychange", seen);
  go();
  return () => {
    ended.abort();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  };
}
