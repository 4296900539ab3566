/** Here are the places of the page, as the address's fragment names them: everything can be linked to. */

import { useSyncExternalStore } from "react";

export type Route =
  | { page: "flows" }
  | { page: "flow"; id: string; job?: string; message?: string }
  | { page: "jobs"; flow: string; status: string }
  | { page: "job"; id: string; tab: string }
  | { page: "processes" }
  | { page: "letters" };

export const TABS = ["overview", "trace", "results", "logs", "errors"] as const;

export function parse(fragment: string): Route {
  const [path = "", query = ""] = fragment.replace(/^#\/?/, "").split("?");
  const [page = "", id = "", tab = ""] = path.split("/").map(decodeURIComponent);
  const asked = new URLSearchParams(query);
  switch (page) {
    case "flows":
      return id ? flowOf(id, asked) : { page: "flows" };
    case "jobs":
      if (id) return { page: "job", id, tab: (TABS as readonly string[]).includes(tab) ? tab : "overview" };
      return { page: "jobs", flow: asked.get("flow") ?? "", status: asked.get("status") ?? "" };
    case "processes":
      return { page: "processes" };
    case "dead-letters":
      return { page: "letters" };
    default:
      return { page: "flows" };
  }
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
    case "flow": {
      const { id, job, message } = route;
      return `#/flows/${part(id)}${job && message ? `?${new URLSearchParams({ job, message }).toString()}` : ""}`;
    }
    case "jobs": {
      const asked = new URLSearchParams();
      if (route.flow) asked.set("flow", route.flow);
      if (route.status) asked.set("status", route.status);
      return `#/jobs${asked.size ? `?${asked.toString()}` : ""}`;
    }
    case "job":
      return `#/jobs/${part(route.id)}${route.tab === "overview" ? "" : `/${route.tab}`}`;
    case "processes":
      return "#/processes";
    case "letters":
      return "#/dead-letters";
  }
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}

export function useRoute(): Route {
  return parse(useSyncExternalStore(subscribe, () => window.location.hash));
}
