/** Here is the drawing of a task stream on a canvas, and what lies under a point of it. */

import type { Colours } from "../colours";
import { type Bar, isFailed, type Row, rowKey } from "./bars";
import { type Span, tickName, ticks } from "./span";

export const ROW = 24;
export const AXIS = 24;
/** Room for the names of rows, as far as there is. */
const NAMES = 150;

/** Where all of it is, in CSS pixels. */
export interface Sheet {
  width: number;
  height: number;
  left: number;
}

export function sheetOf(width: number, rows: number): Sheet {
  return { width, height: rows * ROW + AXIS, left: Math.min(NAMES, width * 0.3) };
}

export function xOf(sheet: Sheet, span: Span, at: number): number {
  return sheet.left + ((at - span.from) / (span.to - span.from)) * (sheet.width - sheet.left);
}

export function atOf(sheet: Sheet, span: Span, x: number): number {
  return span.from + ((x - sheet.left) / (sheet.width - sheet.left)) * (span.to - span.from);
}

/** Where each row is, by the key of its process. */
export function placesOf(rows: readonly Row[]): ReadonlyMap<string, number> {
  return new Map(rows.map((row, at) => [row.key, at]));
}

export interface Scene {
  sheet: Sheet;
  span: Span;
  /** Instants are counted from here. */
  zero: number;
  rows: readonly Row[];
  bars: readonly Bar[];
  chosen: Bar | null;
}

export function draw(canvas: HTMLCanvasElement, scene: Scene, colours: Colours): void {
  const { sheet, rows } = scene;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(sheet.width * ratio), Math.round(sheet.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, sheet.width, sheet.height);
  pen.font = "11.5px system-ui, sans-serif";
  pen.textBaseline = "middle";
  drawAxis(pen, scene, colours);
  drawBars(pen, scene, colours);
  pen.fillStyle = colours.sunk;
  pen.fillRect(0, 0, sheet.left, sheet.height);
  pen.fillStyle = colours.ink;
  rows.forEach((row, at) => pen.fillText(fitting(pen, row.name, sheet.left - 12), 6, at * ROW + ROW / 2));
}

function drawAxis(pen: CanvasRenderingContext2D, { sheet, span, zero, rows }: Scene, colours: Colours): void {
  const bottom = rows.length * ROW;
  pen.strokeStyle = colours.line;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let row = 1; row <= rows.length; row += 1) line(pen, 0, row * ROW + 0.5, sheet.width, row * ROW + 0.5);
  const found = ticks(span, zero, Math.max(2, Math.floor((sheet.width - sheet.left) / 80)));
  for (const at of found) line(pen, xOf(sheet, span, at), 0, xOf(sheet, span, at), bottom + 4);
  pen.stroke();
  pen.fillStyle = colours.faint;
  pen.textAlign = "center";
  for (const at of found) {
    const name = tickName(at, zero, span.to - span.from);
    const half = pen.measureText(name).width / 2;
    const x = Math.max(sheet.left + half, Math.min(sheet.width - half - 2, xOf(sheet, span, at)));
    pen.fillText(name, x, bottom + 14);
  }
  pen.textAlign = "left";
}

function line(pen: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
}

function drawBars(pen: CanvasRenderingContext2D, { sheet, span, rows, bars, chosen }: Scene, colours: Colours): void {
  const places = placesOf(rows);
  for (const bar of bars) {
    const row = places.get(rowKey(bar.routine, bar.process));
    if (row === undefined || bar.ended < span.from || bar.began > span.to) continue;
    const from = Math.max(sheet.left, xOf(sheet, span, bar.began));
    const wide = Math.max(1, Math.min(sheet.width, xOf(sheet, span, bar.ended)) - from);
    pen.fillStyle = colours.of(bar.routine);
    // A gap of a third of a pixel tells neighbours apart, where there is room for it.
    pen.fillRect(from, row * ROW + 4, wide > 3 ? wide - 0.4 : wide, ROW - 8);
    if (isFailed(bar.status)) {
      pen.fillStyle = colours.bad;
      pen.fillRect(from, row * ROW + 1, Math.max(wide, 3), 4);
    }
    if (bar === chosen) {
      pen.strokeStyle = colours.ink;
      pen.lineWidth = 2;
      pen.strokeRect(from - 1, row * ROW + 3, wide + 2, ROW - 6);
    }
  }
}

function fitting(pen: CanvasRenderingContext2D, text: string, wide: number): string {
  if (pen.measureText(text).width <= wide) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > wide) end -= 1;
  return `${text.slice(0, end)}…`;
}

/** The bar under a point; what was drawn last is on top. Thin ones are found from two pixels beside them. */
export function barAt({ sheet, span, rows, bars }: Scene, x: number, y: number): Bar | null {
  if (x < sheet.left) return null;
  const row = rows[Math.floor(y / ROW)];
  if (row === undefined) return null;
  const near = ((span.to - span.from) / (sheet.width - sheet.left)) * 2;
  const at = atOf(sheet, span, x);
  return bars.findLast((bar) => rowKey(bar.routine, bar.process) === row.key && at >= bar.began - near && at <= bar.ended + near) ?? null;
}
