/** Here is where the page begins. */

import { useState } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { adoptToken, keepToken } from "./session";
import "./theme.css";
import "./page.css";

// At once, before anything can change the address.
const adopted = adoptToken(window.location, window.sessionStorage, (url) => window.history.replaceState(null, "", url));

function Root() {
  const [token, setToken] = useState(adopted);
  const enter = (given: string) => {
    keepToken(window.sessionStorage, given);
    setToken(given);
  };
  return <App token={token} enter={enter} />;
}

const place = document.getElementById("root");
if (place === null) throw new Error("index.html has no #root");
createRoot(place).render(<Root />);
