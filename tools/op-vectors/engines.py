"""The two independent truths, each in a process of its own so that a crash on an odd model costs one answer only."""

import multiprocessing
import os
import tempfile
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tflite_micro import runtime  # noqa: E402

ARENA_BYTES = 1 << 21


class EngineError(Exception):
    """The engine does not run this model; the text says why."""


def run_tflm(model, inputs, output_count, tensors):
    """TensorFlow Lite Micro with its reference kernels. `tensors`: also return these tensors, by index."""
    config = runtime.InterpreterConfig.kPreserveAllTensors if tensors else runtime.InterpreterConfig.kAllocationRecording
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=ARENA_BYTES, intrepreter_config=config)
    for index, value in enumerate(inputs):
        interpreter.set_input(value, index)
    interpreter.invoke()
    outputs = [np.array(interpreter.get_output(index)) for index in range(output_count)]
    return outputs, [np.array(interpreter.GetTensor(index, 0)["tensor_data"]) for index in tensors]


def run_tensorflow(model, inputs, output_count, tensors):
    """TensorFlow Lite's reference kernels (no delegate, no optimised kernel)."""
    interpreter = tf.lite.Interpreter(
        model_content=model,
        num_threads=1,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=bool(tensors),
    )
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), inputs):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    details = interpreter.get_output_details()
    return [interpreter.get_tensor(d["index"]) for d in details], [interpreter.get_tensor(i) for i in tensors]


def _serve(pipe, run, log_path):
    log = os.open(log_path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 2)
    os.dup2(log, 1)
    while True:
        job = pipe.recv()
        if job is None:
            return
        os.ftruncate(log, 0)
        os.lseek(log, 0, os.SEEK_SET)
        try:
            pipe.send((True, run(*job)))
        except Exception as error:  # the engines raise RuntimeError, ValueError and their own kinds
            with open(log_path, errors="replace") as text:
                lines = [line.strip() for line in text if line.strip()]
            pipe.send((False, "; ".join([*lines[-2:], str(error).splitlines()[0] if str(error) else "error"])[:300]))


class Engine:
    def __init__(self, name, run):
        self.name = name
        self._run = run
        self._process = None
        self._log = tempfile.NamedTemporaryFile(prefix="op-vectors-")

    def _start(self):
        context = multiprocessing.get_context("fork")
        self._pipe, child = context.Pipe()
        self._process = context.Process(target=_serve, args=(child, self._run, self._log.name), daemon=True)
        self._process.start()
        child.close()

    def __call__(self, model, inputs, output_count, tensors=()):
        """Outputs, and the tensors asked for; raises EngineError when this engine cannot run the model."""
        if self._process is None:
            self._start()
        try:
            self._pipe.send((model, inputs, output_count, list(tensors)))
            if not self._pipe.poll(60):
                self._process.terminate()
                self._process = None
                raise EngineError("no answer within 60 s")
            done, answer = self._pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            self._process.join()
            code, self._process = self._process.exitcode, None
            raise EngineError(f"crashed, exit code {code}") from error
        if not done:
            raise EngineError(answer)
        return answer

    def close(self):
        if self._process is not None:
            self._pipe.send(None)
            self._process.join()
            self._process = None


TFLM = Engine("tflm", run_tflm)
TENSORFLOW = Engine("tensorflow", run_tensorflow)
