/** Here is who gathers the bars of jobs: what their traces have, then what is told live. */

import type { ExecutionTrace } from "../contract";
import type { Monitor } from "../monitor";
import { Refused } from "../session";
import type { Message } from "../socket";
import { type Bar, barOfEvent, barOfMessage, Bars, MOST } from "./bars";

/** As the monitor answers at most. */
const PAGE = 1000;
/** Of one job's trace: its newest events. */
const MOST_PAGES = 5;

export interface Job {
  id: string;
  /** Whether nothing more is to come of it: so it is a while after its end. */
  isOver: boolean;
}

export interface Gathered {
  bars: readonly Bar[];
  /** Whether the traces of all jobs have been read. */
  isRead: boolean;
  /** Whether all of them were read when nothing more was to come. */
  isWhole: boolean;
  /** Events that are not in the traces, and those that did not reach the page. */
  dropped: number;
}

/** What is known of one job that is wanted. */
interface Known {
  bars: Bars;
  dropped: number;
  /** Whether its trace was read, and whether it was over by then: then nothing can be missing. */
  read: "no" | "yes" | "whole";
  leave: (() => void) | null;
}

export class Gatherer {
  private readonly jobs = new Map<string, Known>();
  private readonly deaf: () => void;
  /** How many traces are being read. */
  private reading = 0;
  private lost = 0;
  private isNew = false;

  constructor(private readonly monitor: Pick<Monitor, "client" | "line" | "hear">) {
    this.deaf = monitor.hear((message) => this.take(message));
  }

  /** From now on these jobs, and no others. What is there of them stays. */
  want(jobs: readonly Job[]): void {
    const names = new Set(jobs.map((job) => job.id));
    for (const [id, known] of this.jobs) {
      if (names.has(id)) continue;
      known.leave?.();
      this.jobs.delete(id);
      this.isNew = true;
    }
    for (const job of jobs) this.see(job);
  }

  private see({ id, isOver }: Job): void {
    const known: Known = this.jobs.get(id) ?? { bars: new Bars(), dropped: 0, read: "no", leave: null };
    this.jobs.set(id, known);
    if (isOver) {
      known.leave?.();
      known.leave = null;
    } else {
      known.leave ??= this.monitor.line.follow({ job_id: id });
    }
    if (known.read === "no" || (isOver && known.read === "yes")) {
      known.read = isOver ? "whole" : "yes";
      void this.read(id, known);
    }
  }

  private take(message: Message): void {
    if (message.type === "lagged") this.lost += message["dropped"] as number;
    const bar = barOfMessage(message);
    if (bar === null) return;
    this.jobs.get(bar.job)?.bars.add([bar]);
    this.isNew = true;
  }

  /** The newest pages of the job's trace. */
  private async read(id: string, known: Known): Promise<void> {
    const path = `/jobs/${encodeURIComponent(id)}/execution-trace?limit=${PAGE}`;
    this.reading += 1;
    try {
      let trace = await this.monitor.client.get<ExecutionTrace>(path);
      const { total } = trace;
      this.keep(known, trace);
      for (let offset = Math.max(PAGE, total - PAGE * MOST_PAGES); offset < total; offset += PAGE) {
        if (this.jobs.get(id) !== known) return; // nobody wants it any more
        trace = await this.monitor.client.get<ExecutionTrace>(`${path}&offset=${offset}`);
        this.keep(known, trace);
      }
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused; // it was let go of: what there is stays
      if (refused.isPassing) known.read = "no"; // the monitor is away: it is read when it is back
    } finally {
      this.reading -= 1;
      this.isNew = true;
    }
  }

  private keep(known: Known, trace: ExecutionTrace): void {
    known.dropped = trace.dropped;
    known.bars.add(trace.events.map(barOfEvent).filter((bar) => bar !== null));
    this.isNew = true;
  }

  /** All there is, if there is anything new since the last call. */
  news(): Gathered | null {
    if (!this.isNew) return null;
    this.isNew = false;
    const known = [...this.jobs.values()];
    const bars = known.flatMap((job) => job.bars.list).sort((a, b) => a.ended - b.ended).slice(-MOST);
    const isRead = this.reading === 0 && known.every((job) => job.read !== "no");
    const isWhole = isRead && known.every((job) => job.read === "whole");
    return { bars, isRead, isWhole, dropped: known.reduce((sum, job) => sum + job.dropped, this.lost) };
  }

  close(): void {
    this.want([]);
    this.deaf();
  }
}
