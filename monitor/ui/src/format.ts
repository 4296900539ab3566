/** Here is how numbers and times are written. All figures have a fixed width, so that nothing dances. */

const UNITS = ["", "k", "M", "G", "T"];

/** 1234 → "1.23 k"; three digits, and a thin unit. */
export function short(value: number): string {
  let rest = Math.abs(value);
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits = rest >= 99.95 || Number.isInteger(rest) ? 0 : rest >= 9.995 ? 1 : 2;
  const sign = value < 0 ? "−" : "";
  const suffix = UNITS[unit] ?? "";
  return `${sign}${rest.toFixed(digits)}${suffix ? ` ${suffix}` : ""}`;
}

/** A rate: "1.23 k/s"; a dash for nothing. */
export function rate(value: number): string {
  return value >= 0.005 ? `${short(value)}/s` : "–";
}

export function bytes(value: number): string {
  return `${short(value)}${value >= 999.5 ? "B" : " B"}`;
}

/** Seconds in the unit in which they are read best. */
export function seconds(value: number): string {
  if (value === 0) return "0 s";
  if (value < 1e-6) return `${(value * 1e9).toFixed(0)} ns`;
  if (value < 1e-3) return `${trim(value * 1e6)} µs`;
  if (value < 1) return `${trim(value * 1e3)} ms`;
  if (value < 120) return `${trim(value)} s`;
  if (value < 7200) return `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
  return `${Math.floor(value / 3600)} h ${Math.floor((value % 3600) / 60)} min`;
}

function trim(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

/** An instant with its day, unless it is of today. */
export function moment(unix: number, now = Date.now()): string {
  const at = new Date(unix * 1000);
  const time = at.toLocaleTimeString([], { hour12: false });
  return at.toDateString() === new Date(now).toDateString() ? time : `${at.toLocaleDateString("sv")} ${time}`;
}
