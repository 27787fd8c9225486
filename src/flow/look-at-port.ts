/**
 * Who is at the other end of a serial port, for `reflow doctor --port`: first whether a ROM bootloader waits there, because
 * anything but its greeting would spoil its baud rate; then whether a resident loader or one of our applications answers.
 */
import { openSerialPort } from '../base/serial-port.js';
import { diagnosePort } from '../flash/diagnose.js';
import { realClock } from '../flash/line-clock.js';
import { readLoaderInfo } from '../flash/loader-info.js';
import { LoaderLink, LoaderRefusal, loaderError, loaderRequest } from '../flash/loader-link.js';
import type { Board } from '../hw/board.js';
import { boardById } from '../hw/catalogue.js';
import { loadCatalogue } from './list-boards.js';
import type { PortReport } from './results.js';

/**
 * Looks at one port; changes nothing on the board, and ends within a minute.
 * @param boardId the board that should be there; null when the user does not say
 * @throws ReflowError E_BOARD when there is no such board
 */
export async function lookAtPort(path: string, boardId: string | null): Promise<PortReport> {
  const board = boardId === null ? null : boardById(await loadCatalogue(), boardId);
  const wiring = board?.flash?.wiring;
  const { finding, ok, found, fix, ...facts } = await diagnosePort(path, wiring ? { wiring } : {});
  const rom: PortReport = {
    path,
    board: board?.id ?? null,
    finding,
    ok,
    found,
    fix,
    wiring: wiring ?? null,
    udevRule: facts.udevRule ?? null,
  };
  const mayBeOurs = ['nothing-answers', 'garbled', 'application', 'wrong-parity'].includes(finding);
  const ours = mayBeOurs ? await askOurs(path, board) : null;
  return ours ? { ...rom, ...ours } : rom;
}

type Answer = Pick<PortReport, 'finding' | 'ok' | 'found' | 'fix'>;

async function askOurs(path: string, board: Board | null): Promise<Answer | null> {
  const own = board?.run.kind === 'serial' ? [board.run.baudRate] : [];
  for (const baudRate of new Set([...own, 921_600, 115_200])) {
    const port = await openSerialPort(path, { baudRate }).catch(() => null);
    if (!port) return null;
    try {
      const link = new LoaderLink(port, realClock);
      const body = await link.request(loaderRequest.info, new Uint8Array(), {
        timeoutMs: 1000,
        resendMs: 200,
      });
      const info = readLoaderInfo(body);
      const state = info.hasApplication ? 'an application' : 'no application';
      return {
        finding: 'loader',
        ok: true,
        found: `the resident loader of a ${info.board} with ${state} waits on ${path}`,
        fix: 'nothing to do',
      };
    } catch (error) {
      if (error instanceof LoaderRefusal && error.code === loaderError.request)
        return {
          finding: 'reflow-application',
          ok: true,
          found: `an application of reflow answers on ${path}`,
          fix: 'nothing to do: reflow flash asks it to make way',
        };
    } finally {
      await port.close();
    }
  }
  return null;
}
