/** How a long story says where it is. The command line shows it; a library's caller may leave it silent. */
export interface Progress {
  /** Does one stage's work; `say` shows a detail of it while it runs. Resolves and rejects as the work does. */
  stage<T>(title: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T>;
}

export const silent: Progress = { stage: (_title, work) => work(() => undefined) };
