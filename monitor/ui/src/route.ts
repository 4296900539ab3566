/** Here are the places of the page, as the address's fragment names them: everything can be linked to. */

import { useSyncExternalStore } from "react";

/** Which jobs are listed; empty is any. */
export interface JobFilter {
  flow: string;
  status: string;
  runtime: string;
  offset: number;
}

/** What stands in the form of a new job. */
export interface Draft {
  flow: string;
  /** `routine.slot`. */
  slot: string;
  /** JSON. */
  data: string;
}

export type Route =
  | { page: "flows" }
  | { page: "flow"; id: string; job?: string; message?: string }
  | ({ page: "jobs" } & JobFilter)
  | { page: "job"; id: string; tab: Tab; routine?: string; level?: string }
  | ({ page: "submit" } & Draft)
  | { page: "stream"; flow: string; job: string }
  | { page: "processes" }
  | { page: "letters" }
  | { page: "history" }
  | { page: "runtime"; id: string };

export const TABS = ["overview", "metrics", "trace", "results", "logs", "errors"] as const;
export type Tab = (typeof TABS)[number];

export function parse(fragment: string): Route {
  const [path = "", query = ""] = fragment.replace(/^#\/?/, "").split("?");
  const [page = "", id = "", tab = ""] = path.split("/").map(decoded);
  const asked = new URLSearchParams(query);
  const of = (name: string) => asked.get(name) ?? "";
  switch (page) {
    case "flows":
      return id ? flowOf(id, asked) : { page: "flows" };
    case "jobs":
      if (id) return { page: "job", id, tab: TABS.find((each) => each === tab) ?? "overview", routine: of("routine"), level: of("level") };
      return { page: "jobs", flow: of("flow"), status: of("status"), runtime: of("runtime"), offset: whole(of("offset")) };
    case "submit":
      return { page: "submit", flow: of("flow"), slot: of("slot"), data: of("data") };
    case "stream":
      return { page: "stream", flow: of("flow"), job: of("job") };
    case "processes":
      return { page: "processes" };
    case "dead-letters":
      return { page: "letters" };
    case "history":
      return id ? { page: "runtime", id } : { page: "history" };
    default:
      return { page: "flows" };
  }
}

/** A part of an address that somebody has typed may be no encoding of anything. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function whole(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** A flow, and perhaps the message whose way on its graph is wanted. */
function flowOf(id: string, asked: URLSearchParams): Route {
  const [job, message] = [asked.get("job"), asked.get("message")];
  return job && message ? { page: "flow", id, job, message } : { page: "flow", id };
}

export function href(route: Route): string {
  const part = encodeURIComponent;
  switch (route.page) {
    case "flows":
      return "#/flows";
    case "flow":
      return `#/flows/${part(route.id)}${route.job && route.message ? asked({ job: route.job, message: route.message }) : ""}`;
    case "jobs":
      return `#/jobs${asked({ flow: route.flow, status: route.status, runtime: route.runtime, offset: route.offset ? String(route.offset) : "" })}`;
    case "job": {
      const tab = route.tab === "overview" ? "" : `/${route.tab}`;
      return `#/jobs/${part(route.id)}${tab}${asked({ routine: route.routine, level: route.level })}`;
    }
    case "submit":
      return `#/submit${asked({ flow: route.flow, slot: route.slot, data: route.data })}`;
    case "stream":
      return `#/stream${asked({ flow: route.flow, job: route.job })}`;
    case "processes":
      return "#/processes";
    case "letters":
      return "#/dead-letters";
    case "history":
      return "#/history";
    case "runtime":
      return `#/history/${part(route.id)}`;
  }
}

function asked(fields: Readonly<Record<string, string | undefined>>): string {
  const given = new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => (value ? [[name, value]] : [])));
  return given.size ? `?${given.toString()}` : "";
}

export function toJobs(filter: Partial<JobFilter> = {}): string {
  return href({ page: "jobs", flow: "", status: "", runtime: "", offset: 0, ...filter });
}

export function toJob(id: string, tab: Tab = "overview"): string {
  return href({ page: "job", id, tab });
}

/** At once: what is pressed next is for the place that is shown then. The browser tells of it later. */
export function go(address: string): void {
  window.location.hash = address;
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}

export function useRoute(): Route {
  return parse(useSyncExternalStore(subscribe, () => window.location.hash));
}
