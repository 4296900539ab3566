/** Here are the answers of the monitor under the names that the page uses; made from `openapi.json`. */

import type { components } from "./generated/api";

type Schemas = components["schemas"];

export type Flow = Schemas["Flow"];
export type FlowList = Schemas["FlowList"];
export type RoutineInfo = Schemas["RoutineInfo"];
export type Job = Schemas["Job"];
/** All but where has a default. */
export type JobPost = Pick<Schemas["JobPost"], "flow_id" | "routine_id" | "slot_name"> & Partial<Schemas["JobPost"]>;
export type JobList = Schemas["JobList"];
export type JobState = Schemas["JobState"];
export type JobMetrics = Schemas["JobMetrics"];
export type ExecutionTrace = Schemas["ExecutionTrace"];
export type ExecutionEvent = Schemas["ExecutionEvent"];
export type ResultList = Schemas["ResultList"];
export type LogList = Schemas["LogList"];
export type WorkerList = Schemas["WorkerList"];
export type Worker = Schemas["Worker"];
export type ProcessList = Schemas["ProcessList"];
export type LetterList = Schemas["LetterList"];
export type RuntimeList = Schemas["RuntimeList"];
export type RuntimeItem = Schemas["RuntimeItem"];
export type HistoryItem = Schemas["HistoryItem"];
export type WorkerStatistics = Schemas["WorkerStatistics"];
export type RoutineMetrics = Schemas["RoutineMetrics"];
export type Breakpoint = Schemas["Breakpoint"];
export type BreakpointList = Schemas["BreakpointList"];
/** All but where has a default. */
export type BreakpointFields = Partial<Schemas["BreakpointPost"]>;
export type ConditionChecked = Schemas["ConditionChecked"];
export type CallStack = Schemas["CallStack"];
export type Hold = Schemas["Hold"];
export type Session = Schemas["Session"];
export type LogPointLine = Schemas["LogPointLine"];
export type Variable = Schemas["Variable"];
export type Variables = Schemas["Variables"];
export type Value = Schemas["Value"];
export type ValueList = Schemas["ValueList"];
export type Lineage = Schemas["Lineage"];
export type LineageStep = Schemas["LineageStep"];
export type MessageRecording = Schemas["MessageRecording"];
export type Picture = Schemas["Picture"];
