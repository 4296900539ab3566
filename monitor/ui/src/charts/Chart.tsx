/** Here is a chart over time, drawn by uPlot, in the colours of the page. */

import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type Colours, useColours } from "../colours";

export interface Line {
  name: string;
  values: readonly (number | null)[];
}

interface Props {
  title: string;
  at: readonly number[];
  lines: readonly Line[];
  write: (value: number) => string;
}

const HEIGHT = 190;
/** Seconds between two marks. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

export function Chart({ title, at, lines, write }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const names = JSON.stringify(lines.map((line) => line.name));
  const palette = useColours();
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const made = new uPlot(optionsOf(JSON.parse(names) as string[], box.clientWidth, write, palette), dataOf(at, lines), box);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
    // What it draws changes below, without making it anew.
  }, [names, palette, write]);
  useEffect(() => plot.current?.setData(dataOf(at, lines)), [at, lines]);
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <div ref={place} role="img" aria-label={said(title, lines, write)} />
    </figure>
  );
}

function dataOf(at: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [[...at], ...lines.map((line) => [...line.values])] as uPlot.AlignedData;
}

function optionsOf(names: readonly string[], width: number, write: (value: number) => string, { ink, line, of }: Colours): uPlot.Options {
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "11.5px system-ui, sans-serif" };
  return {
    width,
    height: HEIGHT,
    legend: { live: true },
    cursor: { drag: { x: true, y: false } },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [{ ...axis, space: 76, incrs: STEPS, values: (_, splits) => splits.map(timeOf) }, { ...axis, size: 72, values: (_, splits) => splits.map(write) }],
    series: [
      { value: (_, at) => (at == null ? "–" : timeOf(at)) },
      ...names.map((name) => ({ label: name, stroke: of(name), width: 1.6, spanGaps: false, points: { show: false }, value: (_: uPlot, value: number | null) => (value == null ? "–" : write(value)) })),
    ],
  };
}

const timeOf = (at: number) => new Date(at * 1000).toLocaleTimeString([], { hour12: false });

/** For those who do not see it: what each line says last. */
function said(title: string, lines: readonly Line[], write: (value: number) => string): string {
  const last = lines.map(({ name, values }) => {
    const value = values.findLast((each) => each !== null);
    return `${name} ${value == null ? "unknown" : write(value)}`;
  });
  return `${title}: ${last.join(", ")}`;
}
