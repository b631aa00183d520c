// How figures are worded.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export const known = value => value !== null && value !== undefined && Number.isFinite(value);
export const count = value => known(value) ? whole.format(value) : "–";
export const shortCount = value => !known(value) ? "–" : Math.abs(value) < 100000 ? whole.format(value) : short.format(value);
export const amount = value => !known(value) ? "–" : Math.abs(value) >= 1000 ? whole.format(value) : fine.format(value);
export const rate = value => known(value) ? `${amount(value)}/s` : "–";
export const cost = value => !known(value) ? "–" : value >= 100 ? whole.format(value) : value.toFixed(value >= 1 ? 2 : 4);
export const share = value => known(value) ? `${whole.format(100 * value)}%` : "–";

export function duration(seconds) {
  if (!known(seconds)) return "–";
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

export function timeLeft(range) {
  if (!Array.isArray(range) || range.length !== 2 || !range.every(known)) return "unknown";
  const [least, most] = range;
  if (most < 60) return "under a minute";
  return most - least < 0.1 * most ? duration(most) : `${duration(least)} to ${duration(most)}`;
}

export function milliseconds(value) {
  if (!known(value)) return "–";
  return value >= 10000 ? `${amount(value / 1000)} s` : `${amount(value)} ms`;
}

export function bytes(value) {
  if (!known(value)) return "–";
  return value >= 2 ** 30 ? `${fine.format(value / 2 ** 30)} GiB` : `${whole.format(value / 2 ** 20)} MiB`;
}

// Never by colour alone: a shape and a word, too.
export const shapes = { busy: "●", starved: "▽", blocked: "■", idle: "–" };
export const explained = {
  busy: "works on records",
  starved: "waits for records from above",
  blocked: "waits for a service or for nodes below",
  idle: "has nothing to do",
};
export const statusOf = node => Object.hasOwn(shapes, node?.status) ? node.status : "idle";
