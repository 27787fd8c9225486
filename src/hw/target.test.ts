import test from 'ava';
import { assetDocuments } from '../base/assets.js';
import { parseTarget, type Target, targetChecks } from './target.js';

const mistakes: Record<keyof typeof targetChecks, Partial<Target>> = {
  endsWithReference: { kernelSets: ['ref', 'dsp'] },
  distinctKernelSets: { kernelSets: ['dsp', 'dsp', 'ref'] },
  noContraction: { compileFlags: ['-O2'] },
  bareMetalHasObjcopy: { tools: { compiler: 'x', objcopy: null, package: 'x' } },
};

for (const [name, edit] of Object.entries(mistakes)) {
  test(`target check ${name}`, async (t) => {
    const file = (await assetDocuments('targets')).find(({ id }) => id === 'cortex-m4');
    const target = parseTarget(file?.text ?? '', 'targets/cortex-m4.json');
    const check = targetChecks[name as keyof typeof targetChecks];
    t.is(check(target), null);
    const message = check({ ...target, ...edit });
    t.truthy(message);
    t.throws(() => parseTarget(JSON.stringify({ ...target, ...edit }), 'x'), {
      code: 'E_TARGET',
      message: `x: ${message}`,
    });
  });
}
