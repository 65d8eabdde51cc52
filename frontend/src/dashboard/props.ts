import type { Analysis } from "@gen/notreally/v1/analysis_pb";

import type { Download } from "./VideoPanel";

/** What the dashboard and its parts are given. */
export interface DashboardProps {
  /** With its result. */
  analysis: Analysis;
  /** Whether the series of the result and the pictures of its faces are still on their way. */
  awaitsRest?: boolean;
  /** The picked file, where this page still has it. */
  videoFile?: File;
  /** Fetches the video from the server; calls back with the bytes received so far. */
  download: Download;
  /** Called when what series and pictures are drawn in is about to be, or is printed. */
  onReadOn?: () => void;
}
