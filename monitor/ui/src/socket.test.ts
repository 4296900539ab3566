import { describe, expect, it } from "vitest";
import { Line, type Message } from "./socket";

class Peer {
  readyState = 0;
  sent: Message[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  constructor(readonly protocols: string[]) {}
  send(text: string) {
    this.sent.push(JSON.parse(text) as Message);
  }
  accept() {
    this.readyState = 1;
    this.onopen?.();
  }
  break(code = 1006, reason = "") {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
  say(message: Message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  close() {}
}

function started() {
  const peers: Peer[] = [];
  const states: string[] = [];
  const due: [() => void, number][] = [];
  const heard: Message[] = [];
  const line = new Line("ws://x", "t", (m) => heard.push(m), (s) => states.push(s), (_, protocols) => {
    const peer = new Peer(protocols);
    peers.push(peer);
    return peer as unknown as WebSocket;
  }, (callback, ms) => due.push([callback, ms]));
  line.open();
  return { line, peers, states, due, heard };
}

describe("the line", () => {
  it("carries the token as a subprotocol, not in the address", () => {
    expect(started().peers[0]?.protocols).toEqual(["routilux.v1", "token.t"]);
  });

  it("comes back after a loss and follows again what it has followed", () => {
    const { line, peers, states, due } = started();
    line.follow({ flow_id: "f", channel: "metrics" });
    peers[0]?.accept();
    peers[0]?.break();
    due[0]?.[0]();
    peers[1]?.accept();
    expect(states).toEqual(["connecting", "open", "lost", "open"]);
    expect(peers[1]?.sent).toEqual([{ type: "subscribe", flow_id: "f", channel: "metrics" }]);
  });

  it("asks again for what the monitor does not know yet, as long as it is wanted", () => {
    const { line, peers, due } = started();
    peers[0]?.accept();
    const leave = line.follow({ flow_id: "f", channel: "metrics" });
    peers[0]?.say({ type: "error", code: "FLOW_NOT_FOUND", message: "no", flow_id: "f" });
    peers[0]?.say({ type: "error", code: "FLOW_NOT_FOUND", message: "no", flow_id: "another" });
    expect(due).toHaveLength(1);
    due[0]?.[0]();
    expect(peers[0]?.sent).toHaveLength(2);
    leave();
    due[0]?.[0]();
    expect(peers[0]?.sent.map((each) => each.type)).toEqual(["subscribe", "subscribe", "unsubscribe"]);
  });

  it("does not try again with a token that the monitor refuses", () => {
    const { peers, states, due } = started();
    peers[0]?.accept();
    peers[0]?.break(1008, "the token is wrong");
    expect(states.at(-1)).toBe("refused");
    expect(due).toEqual([]);
  });

  it("comes back when it was sent away because it did not read", () => {
    const { peers, due } = started();
    peers[0]?.accept();
    peers[0]?.break(1008, "too many messages wait");
    expect(due).toHaveLength(1);
  });

  it("waits longer with each failure, and no longer than five seconds", () => {
    const { peers, due } = started();
    for (let n = 0; n < 8; n += 1) {
      peers[n]?.break();
      due[n]?.[0]();
    }
    expect(due.map(([, ms]) => ms)).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
  });
});
