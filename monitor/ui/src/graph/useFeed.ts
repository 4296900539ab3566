/** Here is how a view follows a flow's figures, as long as it is looked at. */

import { useEffect } from "react";
import { useMonitor } from "../monitor";
import { store } from "../store";
import { FlowFeed } from "./feed";

export function useFeed(flow: string): void {
  const { line, hear } = useMonitor();
  useEffect(() => {
    const feed = new FlowFeed(flow, store);
    const deaf = hear((message) => feed.take(message));
    const leave = line.follow({ flow_id: flow, channel: "metrics" });
    return () => {
      leave();
      deaf();
    };
  }, [flow, line, hear]);
}
