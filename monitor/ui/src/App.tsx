/** Here is the frame of the page: where one can go, whether the monitor is there, and light or dark. */

import { type FormEvent, useEffect, useState } from "react";
import { MonitorProvider, useMonitor } from "./monitor";
import { href, type Route, toJobs, useRoute } from "./route";
import { Shortcuts } from "./Shortcuts";
import { DeadLetters } from "./views/DeadLetters";
import { FlowPage } from "./views/FlowPage";
import { Flows } from "./views/Flows";
import { History } from "./views/History";
import { JobPage } from "./views/JobPage";
import { Jobs } from "./views/Jobs";
import { Processes } from "./views/Processes";
import { Command, ONLY_LOOKS } from "./views/parts";
import { RuntimePage } from "./views/RuntimePage";
import { StreamPage } from "./views/StreamPage";
import { SubmitPage } from "./views/SubmitPage";

export function App({ token, enter }: { token: string | null; enter: (token: string) => void }) {
  if (token === null) return <Login enter={enter} />;
  return (
    <MonitorProvider key={token} token={token}>
      <Known enter={enter} />
    </MonitorProvider>
  );
}

/** The page, unless the monitor does not know the token. */
function Known({ enter }: { enter: (token: string) => void }) {
  const isRefused = useMonitor().connection === "refused";
  if (isRefused) return <Login enter={enter} why="This monitor does not know the token that was given: perhaps it was started again." />;
  return <Frame />;
}

function Login({ enter, why }: { enter: (token: string) => void; why?: string }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token")).trim();
    if (token) enter(token);
  };
  return (
    <main className="login">
      <form className="sheet" onSubmit={submit}>
        <h1>Routilux</h1>
        {why && (
          <p className="failure" role="alert">
            {why}
          </p>
        )}
        <p>Open the link that the monitor has printed, or give its token:</p>
        <input name="token" aria-label="token" autoFocus autoComplete="off" />
        <button type="submit" className="primary">
          Enter
        </button>
      </form>
    </main>
  );
}

const PLACES: readonly [string, string, readonly Route["page"][]][] = [
  ["Flows", href({ page: "flows" }), ["flows", "flow"]],
  ["Jobs", toJobs(), ["jobs", "job", "submit"]],
  ["Task stream", href({ page: "stream", flow: "", job: "" }), ["stream"]],
  ["Processes", href({ page: "processes" }), ["processes"]],
  ["Dead letters", href({ page: "letters" }), ["letters"]],
  ["History", href({ page: "history" }), ["history", "runtime"]],
];

function Frame() {
  const route = useRoute();
  return (
    <>
      <a className="skip" href="#main" onClick={toContent}>
        To the content
      </a>
      <header className="top">
        <a className="brand" href={href({ page: "flows" })}>
          <img src="./icon.svg" alt="" width={22} height={22} /> Routilux
        </a>
        <nav aria-label="places">
          {PLACES.map(([name, place, pages]) => (
            <a key={name} href={place} aria-current={pages.includes(route.page) ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <Line />
        <Shortcuts />
        <ThemeButton />
      </header>
      <Lost />
      <main id="main" tabIndex={-1}>
        <View route={route} />
      </main>
    </>
  );
}

/** The address is the place that is shown: a plain link to `#main` would leave it. */
function toContent(event: { preventDefault: () => void }) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** What is shown is old, and what to do if it stays so. */
function Lost() {
  if (useMonitor().connection !== "lost") return null;
  return (
    <div className="lost" role="alert">
      The monitor does not answer: what is shown is from before. This page tries again by itself; if the monitor has ended, start it again:{" "}
      <Command>routilux-monitor</Command>
    </div>
  );
}

function Line() {
  const { connection, role } = useMonitor();
  return (
    <>
      {role === "view" && (
        <span className="badge" title={ONLY_LOOKS}>
          view only
        </span>
      )}
      <span className={`line is-${connection}`} role="status">
        {connection === "open" ? "live" : connection === "lost" ? "connection lost, trying again…" : "connecting…"}
      </span>
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
      return <Jobs filter={route} />;
    case "job":
      return <JobPage key={route.id} id={route.id} tab={route.tab} routine={route.routine ?? ""} level={route.level ?? ""} />;
    case "submit":
      return <SubmitPage key={href(route)} draft={route} />;
    case "stream":
      return <StreamPage flow={route.flow} job={route.job} />;
    case "processes":
      return <Processes />;
    case "letters":
      return <DeadLetters />;
    case "history":
      return <History />;
    case "runtime":
      return <RuntimePage key={route.id} id={route.id} />;
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
    <button type="button" className="icon" aria-label={isDark ? "light colours" : "dark colours"} onClick={() => setTheme(isDark ? "light" : "dark")}>
      {isDark ? "☀" : "☾"}
    </button>
  );
}
