/** How the parts of the ONNX importer say that they cannot go on. */
import { ReflowError } from '../../base/error.js';

/** The file is not what the ONNX specification allows; ends the import. */
export function damaged(message: string, cause?: unknown): ReflowError {
  return new ReflowError('E_MODEL_FORMAT', message, 'export or download the network again', { cause });
}

/** One node cannot run here; the import goes on so that all of them can be named at once. */
export class NodeRefusal extends Error {
  override readonly name = 'NodeRefusal';

  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** Ends the lowering of a node. */
export function refuse(
  reason: string,
  hint = 'replace it by supported operators, or fold it before export',
): never {
  throw new NodeRefusal(reason, hint);
}
