/** Here is the task stream: every process on one time axis, an activation a bar, in its routine's colour. */

import { type KeyboardEvent, type PointerEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { hueOf, useColours } from "../colours";
import { seconds, short } from "../format";
import { toJob } from "../route";
import { Scrolled } from "../views/parts";
import { type Bar, isFailed, type Row, summary } from "./bars";
import { atOf, barAt, draw, type Scene, sheetOf } from "./draw";
import { panned, type Span, whole, zoomed } from "./span";

/** What is followed live is the last half minute. */
const LIVE = 30;
const CLOSER = 0.6;
const STEP = 0.2;

type View = { kind: "all" } | { kind: "live" } | { kind: "chosen"; span: Span };

interface Props {
  rows: readonly Row[];
  bars: readonly Bar[];
  /** Whether more may come. */
  isLive: boolean;
}

export function TaskStream({ rows, bars, isLive }: Props) {
  const [view, setView] = useState<View>({ kind: isLive ? "live" : "all" });
  const [chosen, setChosen] = useState<Bar | null>(null);
  const [hovered, setHovered] = useState<{ bar: Bar; x: number; y: number } | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas);
  const palette = useColours();
  const all = whole(bars) ?? { from: 0, to: 1 };
  const span = spanOf(view, all, isLive);
  const scene: Scene = { sheet: sheetOf(width, rows.length), span, zero: bars.length ? all.from : 0, rows, bars, chosen };
  useLayoutEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, scene, palette);
  }, [scene, palette]);
  const look = (next: Span) => setView({ kind: "chosen", span: next });
  useWheel(canvas, (factor, x) => look(zoomed(span, factor, atOf(scene.sheet, span, x))));
  const drag = useDrag(span, scene, look, (bar) => setChosen(bar));
  const keys = (event: KeyboardEvent) => {
    const act = actionOf(event.key, span, look, setView, isLive);
    if (act === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const seen = bars.filter((bar) => bar.ended >= span.from && bar.began <= span.to);
  return (
    <div className="task-stream">
      <Tools span={span} view={view} isLive={isLive} look={look} setView={setView} />
      <div className="stream-sheet">
        <canvas
          ref={canvas}
          style={{ height: scene.sheet.height }}
          tabIndex={0}
          role="img"
          aria-label={`${rows.length} processes over time, ${seen.length} activations shown; arrows move, plus and minus zoom, 0 shows all`}
          onKeyDown={keys}
          {...drag}
          onPointerMove={(event) => {
            drag.onPointerMove(event);
            const { offsetX: x, offsetY: y } = event.nativeEvent;
            const bar = barAt(scene, x, y);
            setHovered(bar && { bar, x, y });
          }}
          onPointerLeave={() => setHovered(null)}
        />
        {hovered && (
          <div className="tip" style={{ left: Math.max(4, Math.min(hovered.x + 12, width - 230)), top: hovered.y + 14 }}>
            <Said bar={hovered.bar} rows={rows} />
          </div>
        )}
      </div>
      {chosen && (
        <p className="chosen-bar" role="status">
          <Said bar={chosen} rows={rows} /> <a href={toJob(chosen.job)}>{chosen.job}</a>
        </p>
      )}
      <Legend bars={seen} span={span} />
    </div>
  );
}

interface ToolsProps {
  span: Span;
  view: View;
  isLive: boolean;
  look: (span: Span) => void;
  setView: (view: View) => void;
}

function Tools({ span, view, isLive, look, setView }: ToolsProps) {
  return (
    <div className="bar stream-tools" role="toolbar" aria-label="what is shown">
      <button type="button" onClick={() => look(panned(span, -STEP))} aria-label="earlier">
        ←
      </button>
      <button type="button" onClick={() => look(panned(span, STEP))} aria-label="later">
        →
      </button>
      <button type="button" onClick={() => look(zoomed(span, CLOSER))} aria-label="closer">
        +
      </button>
      <button type="button" onClick={() => look(zoomed(span, 1 / CLOSER))} aria-label="wider">
        −
      </button>
      <button type="button" aria-pressed={view.kind === "all"} onClick={() => setView({ kind: "all" })}>
        All
      </button>
      {isLive && (
        <button type="button" aria-pressed={view.kind === "live"} onClick={() => setView({ kind: "live" })}>
          Live
        </button>
      )}
      <span className="faint" role="status">
        {seconds(span.to - span.from)} shown
      </span>
    </div>
  );
}

function spanOf(view: View, all: Span, isLive: boolean): Span {
  switch (view.kind) {
    case "chosen":
      return view.span;
    case "live":
      return isLive ? { from: Math.max(all.from, all.to - LIVE), to: all.to } : all;
    case "all":
      return all;
  }
}

function actionOf(key: string, span: Span, look: (span: Span) => void, setView: (view: View) => void, isLive: boolean): (() => void) | null {
  switch (key) {
    case "ArrowLeft":
      return () => look(panned(span, -STEP));
    case "ArrowRight":
      return () => look(panned(span, STEP));
    case "+":
    case "=":
      return () => look(zoomed(span, CLOSER));
    case "-":
      return () => look(zoomed(span, 1 / CLOSER));
    case "0":
      return () => setView({ kind: "all" });
    case "l":
    case "L":
      return isLive ? () => setView({ kind: "live" }) : null;
    default:
      return null;
  }
}

function Said({ bar, rows }: { bar: Bar; rows: readonly Row[] }) {
  const name = rows.find((row) => row.key === `${bar.routine}/${bar.process}`)?.name ?? bar.routine;
  return (
    <>
      <b>{name}</b> {bar.count > 1 ? `${short(bar.count)} activations together, ${seconds(bar.duration)}` : seconds(bar.duration)}
      {isFailed(bar.status) && <span className="wrong"> {bar.status}</span>}
    </>
  );
}

/** What the colours mean, and the same in figures. */
function Legend({ bars, span }: { bars: readonly Bar[]; span: Span }) {
  return (
    <Scrolled label="what is shown, by routine">
      <table className="legend">
        <thead>
          <tr>
            <th>routine</th>
            <th className="number">activations</th>
            <th className="number">failed</th>
            <th className="number">worked</th>
            <th className="number">processes kept busy</th>
          </tr>
        </thead>
        <tbody>
          {summary(bars).map(({ routine, activations, failed, busy }) => (
            <tr key={routine}>
              <td>
                <i className="swatch" style={{ background: `light-dark(hsl(${hueOf(routine)} 62% 42%), hsl(${hueOf(routine)} 70% 66%))` }} />
                {routine}
              </td>
              <td className="number">{activations.toLocaleString()}</td>
              <td className="number">{failed ? failed.toLocaleString() : "–"}</td>
              <td className="number">{seconds(busy)}</td>
              <td className="number">{(busy / Math.max(span.to - span.from, 1e-6)).toFixed(2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolled>
  );
}

function useWidth(of: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (of.current === null) return undefined;
    const watch = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    watch.observe(of.current);
    return () => watch.disconnect();
  }, [of]);
  return width;
}

/** React listens to wheels passively, and could not keep the page from scrolling. */
function useWheel(of: React.RefObject<HTMLElement | null>, zoom: (factor: number, x: number) => void) {
  const latest = useRef(zoom);
  latest.current = zoom;
  useEffect(() => {
    const turned = (event: WheelEvent) => {
      event.preventDefault();
      latest.current(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), event.offsetX);
    };
    const element = of.current;
    element?.addEventListener("wheel", turned, { passive: false });
    return () => element?.removeEventListener("wheel", turned);
  }, [of]);
}

/** Pan by dragging; what was not dragged is a click on a bar. */
function useDrag(span: Span, scene: Scene, look: (span: Span) => void, choose: (bar: Bar | null) => void) {
  const from = useRef<{ x: number; span: Span; isMoved: boolean } | null>(null);
  return {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      from.current = { x: event.nativeEvent.offsetX, span, isMoved: false };
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const start = from.current;
      if (start === null) return;
      const by = event.nativeEvent.offsetX - start.x;
      start.isMoved ||= Math.abs(by) > 3;
      if (start.isMoved) look(panned(start.span, -by / (scene.sheet.width - scene.sheet.left)));
    },
    onPointerUp: (event: PointerEvent<HTMLElement>) => {
      const { offsetX: x, offsetY: y } = event.nativeEvent;
      if (from.current?.isMoved === false) choose(barAt(scene, x, y));
      from.current = null;
    },
    onPointerCancel: () => {
      from.current = null;
    },
  };
}
