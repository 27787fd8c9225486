/** Shows the stages of a long story on a stream: living lines on a terminal, plain ones elsewhere. */
import {
  DefaultRenderer,
  Listr,
  type ListrDefaultRendererLogLevels,
  ListrLogger,
  ProcessOutput,
} from 'listr2';
import { type Clock, clock } from '../base/clock.js';
import type { Progress } from '../flow/progress.js';

/** listr2 asks whether stdout is a terminal and else falls back to printing there; ours goes to the stream it is given. */
class StreamRenderer extends DefaultRenderer {
  static override nonTTY = true;
}

/** The living form on a terminal, by listr2. */
export function terminalProgress(terminal: NodeJS.WriteStream): Progress {
  const processOutput = new ProcessOutput(terminal, terminal);
  const rendererOptions = {
    logger: new ListrLogger<ListrDefaultRendererLogLevels>({ useIcons: true, toStderr: [], processOutput }),
    showErrorMessage: false,
    collapseErrors: false,
    timer: { condition: true, field: seconds, format: () => (text?: string) => text ?? '' },
  };
  return {
    async stage(title, work) {
      const results: Awaited<ReturnType<typeof work>>[] = [];
      const list = new Listr<object, typeof StreamRenderer>(
        {
          title,
          task: async (_context, task) => {
            const say = (detail: string) => {
              task.output = detail;
            };
            results.push(await work(say));
          },
        },
        { renderer: StreamRenderer, rendererOptions },
      );
      await list.run();
      return results[0]!;
    },
  };
}

/** One line when a stage begins and one when it ends; details are left out. */
export function plainProgress(write: (text: string) => void, time: Clock = clock): Progress {
  return {
    note: (line) => write(`${line}\n`),
    async stage(title, work) {
      write(`${title} ...\n`);
      const begun = time.nowMs();
      try {
        const result = await work(() => undefined);
        write(`${title}: ${seconds(time.nowMs() - begun)}\n`);
        return result;
      } catch (error) {
        write(`${title}: failed after ${seconds(time.nowMs() - begun)}\n`);
        throw error;
      }
    },
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
