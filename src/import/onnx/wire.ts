/**
 * The messages of an .onnx file: the part of onnx.proto3 (onnx/onnx.proto3 of the ONNX project, IR version 13) that a
 * network needs, as a table of field names and numbers; the decoding is @bufbuild/protobuf's.
 */
import { create, createFileRegistry, type DescMessage, fromBinary } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';

/** A message by its fields: `name number type`, with `*` for a list. A type in capitals is a message. */
const messages: Readonly<Record<string, string>> = {
  ModelProto:
    'irVersion 1 int64, opsetImport 8 OperatorSetIdProto*, graph 7 GraphProto, functions 25 FunctionProto*',
  OperatorSetIdProto: 'domain 1 string, version 2 int64',
  FunctionProto: 'name 1 string, domain 10 string',
  GraphProto:
    'node 1 NodeProto*, name 2 string, initializer 5 TensorProto*, sparseInitializer 15 SparseTensorProto*, ' +
    'input 11 ValueInfoProto*, output 12 ValueInfoProto*, valueInfo 13 ValueInfoProto*',
  SparseTensorProto: 'values 1 TensorProto',
  NodeProto:
    'input 1 string*, output 2 string*, name 3 string, opType 4 string, domain 7 string, attribute 5 AttributeProto*',
  AttributeProto:
    'name 1 string, type 20 int32, f 2 float, i 3 int64, s 4 bytes, t 5 TensorProto, floats 7 float*, ints 8 int64*, ' +
    'strings 9 bytes*, refAttrName 21 string',
  ValueInfoProto: 'name 1 string, type 2 TypeProto',
  TypeProto: 'tensorType 1 TensorTypeProto',
  TensorTypeProto: 'elemType 1 int32, shape 2 TensorShapeProto',
  TensorShapeProto: 'dim 1 DimensionProto*',
  DimensionProto: 'dimValue 1 int64, dimParam 2 string',
  TensorProto:
    'dims 1 int64*, dataType 2 int32, floatData 4 float*, int32Data 5 int32*, int64Data 7 int64*, name 8 string, ' +
    'rawData 9 bytes, externalData 13 StringEntryProto*, dataLocation 14 int32, doubleData 10 double*, uint64Data 11 uint64*',
  StringEntryProto: 'key 1 string, value 2 string',
};

const scalars: Readonly<Record<string, Type>> = {
  int32: Type.INT32,
  int64: Type.INT64,
  uint64: Type.UINT64,
  float: Type.FLOAT,
  double: Type.DOUBLE,
  string: Type.STRING,
  bytes: Type.BYTES,
};

export interface ModelProto {
  readonly irVersion: bigint;
  readonly opsetImport: readonly { readonly domain: string; readonly version: bigint }[];
  readonly graph?: GraphProto;
  readonly functions: readonly { readonly name: string; readonly domain: string }[];
}

export interface GraphProto {
  readonly node: readonly NodeProto[];
  readonly name: string;
  readonly initializer: readonly TensorProto[];
  readonly sparseInitializer: readonly object[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly valueInfo: readonly ValueInfoProto[];
}

export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly AttributeProto[];
}

export interface AttributeProto {
  readonly name: string;
  readonly type: number;
  readonly f: number;
  readonly i: bigint;
  readonly s: Uint8Array;
  readonly t?: TensorProto;
  readonly floats: readonly number[];
  readonly ints: readonly bigint[];
  readonly strings: readonly Uint8Array[];
  readonly refAttrName: string;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType: number;
      readonly shape?: { readonly dim: readonly { readonly dimValue: bigint; readonly dimParam: string }[] };
    };
  };
}

export interface TensorProto {
  readonly dims: readonly bigint[];
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly bigint[];
  readonly name: string;
  readonly rawData: Uint8Array;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
  readonly dataLocation: number;
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly bigint[];
}

/** Decodes an .onnx file; throws an Error of the library for bytes that are none. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return fromBinary(schemaOf('ModelProto'), plain(bytes), {
    readUnknownFields: false,
  }) as unknown as ModelProto;
}

/** Decodes a tensor that stands alone (the .pb files of the ONNX project's tests). */
export function decodeTensor(bytes: Uint8Array): TensorProto {
  return fromBinary(schemaOf('TensorProto'), plain(bytes), {
    readUnknownFields: false,
  }) as unknown as TensorProto;
}

/** The bytes as no subclass of Uint8Array: a slice of Node's Buffer is no copy. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

let registry: ReturnType<typeof createFileRegistry> | null = null;

function schemaOf(name: string): DescMessage {
  registry ??= createFileRegistry(create(FileDescriptorSetSchema, { file: [fileDescriptor()] }));
  const schema = registry.getMessage(`onnx.${name}`);
  if (!schema) throw new RangeError(`there is no message ${name}`);
  return schema;
}

/** Declared as proto3, whose scalars read as zero where the file has none. */
function fileDescriptor() {
  const messageType = Object.entries(messages).map(([name, fields]) => ({
    name,
    field: fields.split(', ').map((text) => {
      const [field = '', number, type = ''] = text.split(' ');
      const element = type.replace('*', '');
      return {
        name: field,
        number: Number(number),
        label: type.endsWith('*') ? Label.REPEATED : Label.OPTIONAL,
        ...(scalars[element]
          ? { type: scalars[element] }
          : { type: Type.MESSAGE, typeName: `.onnx.${element}` }),
      };
    }),
  }));
  return create(FileDescriptorProtoSchema, {
    name: 'onnx.proto',
    package: 'onnx',
    syntax: 'proto3',
    messageType,
  });
}
