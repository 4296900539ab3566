/** Here is the frame of the page: where one can go, whether the monitor is there, and light or dark. */

import { type FormEvent, useEffect, useState } from "react";
import { MonitorProvider, useMonitor } from "./monitor";
import { href, type Route, useRoute } from "./route";
import { DeadLetters } from "./views/DeadLetters";
import { FlowPage } from "./views/FlowPage";
import { Flows } from "./views/Flows";
import { JobPage } from "./views/JobPage";
import { Jobs } from "./views/Jobs";
import { Processes } from "./views/Processes";

export function App({ token, enter }: { token: string | null; enter: (token: string) => void }) {
  if (token === null) return <Login enter={enter} />;
  return (
    <MonitorProvider token={token}>
      <Frame />
    </MonitorProvider>
  );
}

function Login({ enter }: { enter: (token: string) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token")).trim();
    if (token) enter(token);
  };
  return (
    <main className="login">
      <form className="sheet" onSubmit={submit}>
        <h1>Routilux</h1>
        <p>Open the link that the monitor has printed, or give its token:</p>
        <input name="token" aria-label="token" autoFocus autoComplete="off" />
        <button type="submit" className="primary">
          Enter
        </button>
      </form>
    </main>
  );
}

const PLACES: readonly [string, Route, readonly Route["page"][]][] = [
  ["Flows", { page: "flows" }, ["flows", "flow"]],
  ["Jobs", { page: "jobs", flow: "", status: "" }, ["jobs", "job"]],
  ["Processes", { page: "processes" }, ["processes"]],
  ["Dead letters", { page: "letters" }, ["letters"]],
];

function Frame() {
  const route = useRoute();
  const { connection } = useMonitor();
  return (
    <>
      <a className="skip" href="#main">
        To the content
      </a>
      <header className="top">
        <a className="brand" href={href({ page: "flows" })}>
          <img src="./icon.svg" alt="" width={22} height={22} /> Routilux
        </a>
        <nav aria-label="places">
          {PLACES.map(([name, place, pages]) => (
            <a key={name} href={href(place)} aria-current={pages.includes(route.page) ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <span className={`line is-${connection}`} role="status">
          {connection === "open" ? "live" : connection === "lost" ? "connection lost, trying again…" : "connecting…"}
        </span>
        <ThemeButton />
      </header>
      <main id="main" tabIndex={-1}>
        <View route={route} />
      </main>
    </>
  );
}

function View({ route }: { route: Route }) {
  switch (route.page) {
    case "flows":
      return <Flows />;
    case "flow":
      return <FlowPage key={route.id} route={route} />;
    case "jobs":
      return <Jobs flow={route.flow} status={route.status} />;
    case "job":
      return <JobPage key={route.id} id={route.id} tab={route.tab} />;
    case "processes":
      return <Processes />;
    case "letters":
      return <DeadLetters />;
  }
}

function ThemeButton() {
  const [theme, setTheme] = useState(() => localStorage.getItem("routilux.theme") ?? "");
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
    localStorage.setItem("routilux.theme", theme);
  }, [theme]);
  const isDark = theme === "dark" || (theme === "" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  return (
    <button type="button" className="theme" aria-label={isDark ? "light colours" : "dark colours"} onClick={() => setTheme(isDark ? "light" : "dark")}>
      {isDark ? "☀" : "☾"}
    </button>
  );
}
