/** Writes small .onnx files; field numbers are those of onnx.proto3. */

export interface OnnxFile {
  readonly opset?: number;
  readonly nodes: readonly {
    readonly opType: string;
    readonly domain?: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
    readonly numbers?: Readonly<Record<string, number | readonly number[]>>;
  }[];
  /** Dimensions as numbers, or as names where they are open; type 1 is float32. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs: readonly string[];
  readonly constants?: Readonly<Record<string, FloatConstant>>;
}

export interface FloatConstant {
  readonly shape: readonly number[];
  readonly values?: readonly number[];
  /** The file beside the network that holds the values. */
  readonly file?: string;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

const number = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)]);

const message = (field: number, ...parts: readonly Uint8Array[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
};

const text = (field: number, value: string) => message(field, Buffer.from(value));

function attribute(name: string, value: number | readonly number[]): Uint8Array {
  const body =
    typeof value === 'number'
      ? [number(3, value), number(20, 2)]
      : [...value.map((element) => number(8, element)), number(20, 7)];
  return message(5, text(1, name), ...body);
}

function tensor(name: string, { shape, values = [], file }: FloatConstant): Uint8Array {
  const data =
    file === undefined
      ? [message(9, new Uint8Array(Float32Array.from(values).buffer))]
      : [message(13, text(1, 'location'), text(2, file)), number(14, 1)];
  return message(5, ...shape.map((dim) => number(1, dim)), number(2, 1), text(8, name), ...data);
}

function valueInfo(field: number, name: string, shape: readonly (number | string)[] | null): Uint8Array {
  const dims = (shape ?? []).map((dim) =>
    message(1, typeof dim === 'number' ? number(1, dim) : text(2, dim)),
  );
  const type = message(1, number(1, 1), ...(shape ? [message(2, ...dims)] : []));
  return message(field, text(1, name), message(2, type));
}

export function writeOnnx({ opset = 17, nodes, inputs, outputs, constants = {} }: OnnxFile): Uint8Array {
  const graph = message(
    7,
    ...nodes.map(({ opType, domain, inputs: reads, outputs: writes, numbers = {} }) =>
      message(
        1,
        ...reads.map((name) => text(1, name)),
        ...writes.map((name) => text(2, name)),
        text(4, opType),
        ...Object.entries(numbers).map(([name, value]) => attribute(name, value)),
        ...(domain === undefined ? [] : [text(7, domain)]),
      ),
    ),
    text(2, 'net'),
    ...Object.entries(constants).map(([name, constant]) => tensor(name, constant)),
    ...Object.entries(inputs).map(([name, shape]) => valueInfo(11, name, shape)),
    ...outputs.map((name) => valueInfo(12, name, null)),
  );
  return new Uint8Array(Buffer.concat([number(1, 10), graph, message(8, text(1, ''), number(2, opset))]));
}
