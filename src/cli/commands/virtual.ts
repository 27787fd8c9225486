import { ReflowError } from '../../base/error.js';
import type { Story } from '../../flow/requests.js';
import type { VirtualRequest, VirtualResult } from '../../flow/virtual.js';
import { defineCommand } from '../command.js';

export const virtualCommand = (virtual: Story<VirtualRequest, VirtualResult>) =>
  defineCommand({
    command: 'virtual',
    describe: 'A virtual board at a serial port, to flash and run without hardware',
    positionals: {},
    options: {
      link: { describe: 'where a link to its port is put', type: 'string', default: '.reflow/virtual-stm32' },
      seconds: { describe: 'how long it lives; default: until Ctrl-C', type: 'number' },
    },
    run: ({ link, seconds }, progress) => {
      if (seconds !== undefined && !(seconds > 0 && seconds < 2_000_000))
        throw new ReflowError(
          'E_USAGE',
          '--seconds must be above 0 and below 2,000,000',
          'give e.g. --seconds 600',
        );
      return virtual({ link, seconds: seconds ?? null }, progress);
    },
    print: ({ board, port, booted }) =>
      `${board} at ${port} ${booted ? 'ran what was flashed' : 'was never started'}`,
  });
