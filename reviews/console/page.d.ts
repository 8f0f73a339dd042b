/** What the server tells the scripts of its pages: types that all of them share. */

type Severity = "CRITICAL" | "HIGH" | "MEDIUM" | "LOW";

/** realtime/messages.py and docs/protocol.md describe these in full. */
interface NewApv {
  type: "new_apv";
  offset: number;
  timestamp: string;
  apv_id: string;
  apv_code: string;
  severity: Severity;
  cve_id: string | null;
  package_name: string;
}

interface DecisionMade {
  type: "decision_made";
  offset: number;
  decision_id: string;
  apv_id: string;
  apv_code: string;
  decision: string;
  reviewer_name: string;
  action_taken: string;
}

interface ApvChanged {
  type: "apv_changed";
  offset: number;
  apv_id: string;
  apv_code: string;
  status: string;
  version: number;
  revision: number;
  what: "revised" | "rebased" | "evidence" | "withdrawn" | "reopened" | "retracted" | "approval";
}

interface EffectChanged {
  type: "effect_changed";
  offset: number;
  decision_id: string;
  apv_id: string;
  apv_code: string;
  kind: string;
  state:
    | "held"
    | "queued"
    | "running"
    | "waiting"
    | "done"
    | "refused"
    | "failed"
    | "cancelled"
    | "external";
  merged_commit: string;
}

interface ClaimChanged {
  type: "claim_changed";
  offset: number;
  apv_id: string;
  apv_code: string;
  what: "claimed" | "taken_over" | "released" | "expired";
  /** The user name of who has it now, or "". */
  claimed_by: string;
  claimed_by_name: string;
  /** The user name of who had it before, or "". */
  previous: string;
  reason: string;
}

interface AssignmentChanged {
  type: "assignment_changed";
  offset: number;
  apv_id: string;
  apv_code: string;
  assigned_to: string;
  group: string;
  assigned_to_name: string;
  by_name: string;
}

interface DeadlineChanged {
  type: "deadline_changed";
  offset: number;
  apv_id: string;
  apv_code: string;
  what: "near" | "passed";
  due_at: string;
  rule: string;
}

interface DeadlinesRecounted {
  type: "deadlines_recounted";
  offset: number;
  changed: number;
}

interface CommentChanged {
  type: "comment_changed";
  offset: number;
  comment_id: string;
  apv_id: string;
  apv_code: string;
  what: "added" | "edited" | "deleted";
  by_name: string;
  /** The user names of those who are told by name. */
  mentioned: string[];
}

interface StatsUpdate {
  type: "stats_update";
  pending_reviews: number;
  total_decisions: number;
  decisions_today: number;
}

/** What each part of the page does about each message. */
interface Listeners {
  new_apv?: (message: NewApv) => void;
  decision_made?: (message: DecisionMade) => void;
  apv_changed?: (message: ApvChanged) => void;
  effect_changed?: (message: EffectChanged) => void;
  claim_changed?: (message: ClaimChanged) => void;
  assignment_changed?: (message: AssignmentChanged) => void;
  deadline_changed?: (message: DeadlineChanged) => void;
  deadlines_recounted?: (message: DeadlinesRecounted) => void;
  comment_changed?: (message: CommentChanged) => void;
  stats_update?: (message: StatsUpdate) => void;
}

/** `data-watch` of the console's page (reviews/console/pages.py). */
interface Watch {
  channels: string[];
  /** How the order of an APV begins that has its severity's own priority. */
  orders: Record<Severity, string>;
  user: number;
  /** The name that stands on the user's decisions. */
  name: string;
  /** The name that the user signs in with. */
  username: string;
  /** Each kind of decision, by its value. */
  kinds: Record<string, DecisionKind>;
  /** Milliseconds between two reports that an APV is being read. */
  beat: number;
  /** What time it was at the server. */
  now: string;
}

interface DecisionKind {
  /** The key that chooses it. */
  key: string;
  /** Whether the APV is closed by it. */
  final: boolean;
  /** Whether it needs modifications. */
  modifies: boolean;
  /** The colour of its button: a class of the style sheets. */
  tone: string;
}

/** The sentences of reviews/console/words.py, by name. */
type Words = Record<Sentence, string> & {
  line: Record<string, string>;
  severities: Record<Severity, string>;
  outcomes: Record<string, string>;
  refusals: Record<string, string>;
  missing: Record<string, string>;
};

type Sentence =
  | "new"
  | "dueIn"
  | "overdue"
  | "foundOne"
  | "foundMany"
  | "foundMore"
  | "arrived"
  | "manyArrived"
  | "decided"
  | "decidedBy"
  | "manyDecided"
  | "takenBack"
  | "manyTakenBack"
  | "whileReading"
  | "closed"
  | "changed"
  | "revised"
  | "approvals"
  | "rebased"
  | "retracted"
  | "isReading"
  | "areReading"
  | "selected"
  | "allSelected"
  | "notSelectable"
  | "notTogether"
  | "noNext"
  | "copied"
  | "notCopied"
  | "send"
  | "characters"
  | "tooShort"
  | "draftKept"
  | "draftStays"
  | "sendAgain"
  | "cannot"
  | "nothingToDecide"
  | "isOver"
  | "isClosed"
  | "isAsked"
  | "notYetDecided"
  | "otherRow"
  | "apvUnread"
  | "partUnread"
  | "suggest"
  | "commentOn"
  | "typing"
  | "tooMuch"
  | "tookOver"
  | "mentionedYou"
  | "tookOverSilently"
  | "youHaveIt"
  | "cannotClaim"
  | "noneFree"
  | "canUndo"
  | "undone"
  | "nothingToUndo"
  | "notUndoneBecause"
  | "notUndone"
  | "failed";

/** The state of an APV, as its address `data-state` or `data-reading` answers. */
interface ApvState {
  version: number;
  open: boolean;
  status: string;
  /** The number of the last change to any APV. */
  changes: number;
}

/** A decision that was recorded, as the header HX-Trigger-After-Swap tells it. */
interface Recorded {
  code: string;
  text: string;
  undo: Undoable | null;
}

/** A decision that can be undone for some seconds (reviews/console/undoing.py). */
interface Undoable {
  decision: string;
  code: string;
  text: string;
  /** Until when. */
  until: string;
  /** Where it is undone. */
  address: string;
}

/** Ends the connection where an error says that the session has ended; returns whether it did. */
type EndsLine = (error: unknown) => boolean;

/** What this project uses of htmx 2. */
interface Htmx {
  process(element: Element): void;
  swap(target: string, content: string, style: { swapStyle: string }): void;
  ajax(verb: string, path: string, options: { target: string; swap: string }): Promise<void>;
}

interface Window {
  htmx: Htmx;
  uPlot: UPlotClass;
}

/** Events of htmx and of this page, which carry a detail. */
interface DocumentEventMap {
  "htmx:load": CustomEvent<{ elt: Element }>;
  "htmx:beforeRequest": CustomEvent<Requested>;
  "htmx:beforeSwap": CustomEvent<Swapped>;
  "htmx:sendError": CustomEvent<Requested>;
  "htmx:timeout": CustomEvent<Requested>;
  "htmx:historyCacheMiss": CustomEvent<{ path: string }>;
  decided: CustomEvent<Recorded>;
  /** Why a key cannot do what it was meant to do to the APV that arrived. */
  refused: CustomEvent<string>;
}

interface Requested {
  target: Element;
  xhr: XMLHttpRequest;
  requestConfig: { verb: string };
  pathInfo: { requestPath: string };
}

interface Swapped {
  target: Element;
  xhr: XMLHttpRequest;
  swapOverride?: string;
  shouldSwap: boolean;
  isError: boolean;
}

/** What this project uses of uPlot 1. */
interface UPlotClass {
  new (options: object, data: (number | null)[][], place: Element): UPlot;
  paths: { bars(options: object): unknown };
  tzDate(date: Date, zone: string): Date;
}

interface UPlot {
  destroy(): void;
  setSize(size: { width: number; height: number }): void;
}
