/** How a long story says where it is. The command line shows it; a library's caller may leave it silent. */
export interface Progress {
  /** Does one stage's work; `say` shows a detail of it while it runs. Resolves and rejects as the work does. */
  stage<T>(title: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T>;
  /** A line that stays, for logs that nobody watches; a terminal that shows living lines may leave it out. */
  note?(line: string): void;
}

export const silent: Progress = { stage: (_title, work) => work(() => undefined) };
