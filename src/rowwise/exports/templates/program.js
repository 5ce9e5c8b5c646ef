// The operations of a program on one record at a time, in float32 as the model computes them (float64 where it says so).

function decoded(entry) {
  const bytes = Uint8Array.from(atob(entry.data), (letter) => letter.charCodeAt(0)).buffer;
  const kinds = { F32: Float32Array, F64: Float64Array, I32: Int32Array, I64: BigInt64Array, BOOL: Uint8Array };
  const numbers = new kinds[entry.dtype](bytes);
  return entry.dtype === "I64" ? Int32Array.from(numbers, Number) : numbers;
}

// All float32 constants: of each number its first byte, then of each its second one, and so on, compressed.
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const apart = new Uint8Array(await new Response(stream).arrayBuffer());
  const together = new Uint8Array(apart.length), count = apart.length / 4;
  for (let i = 0; i < count; i++) for (let k = 0; k < 4; k++) together[4 * i + k] = apart[k * count + i];
  return new Float32Array(together.buffer);
}

function erf(x) {
  if (!(Math.abs(x) < 6)) return Number.isNaN(x) ? NaN : Math.sign(x);
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const ONE = {
  isnan: (a) => Number(Number.isNaN(a)), not: (a) => Number(!a), exp: Math.exp, log: Math.log, sqrt: Math.sqrt,
  sin: Math.sin, cos: Math.cos, abs: Math.abs, negative: (a) => -a, tanh: Math.tanh, erf, cast: (a) => a,
  relu: (a) => (a < 0 ? 0 : a),
  sigmoid: (a) => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a))),
  softplus: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
};
const TWO = {
  add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, divide: (a, b) => a / b,
  maximum: (a, b) => (a > b || Number.isNaN(a) ? a : b), minimum: (a, b) => (a < b || Number.isNaN(a) ? a : b),
  equal: (a, b) => Number(a === b), less: (a, b) => Number(a < b), greater: (a, b) => Number(a > b),
  greater_equal: (a, b) => Number(a >= b), and: (a, b) => Number(a && b),
};
const WHOLE_RECORD = {
  take: (out, [x, places]) => places.forEach((place, i) => { out[i] = x[place]; }),
  columns: (out, [x], options) => out.set(x.subarray(options.first, options.last)),
  rows: (out, [x, table]) => out.set(table.subarray(x[0] * out.length, (x[0] + 1) * out.length)),
  column_of: (out, [x]) => { out[0] = x[0]; },
  row_sum: (out, [x]) => { out[0] = x.reduce((sum, a) => sum + a, 0); },
  row_max: (out, [x]) => { out[0] = x.reduce((most, a) => Math.max(most, a)); },
  argmax: (out, [x]) => { out[0] = x.indexOf(x.reduce((most, a) => Math.max(most, a))); },
  concatenate: (out, parts) => {
    let start = 0;
    for (const part of parts) { out.set(part, start); start += part.length; }
  },
  softmax: (out, [x]) => {
    const most = x.reduce((a, b) => Math.max(a, b));
    const powers = Array.from(x, (a) => Math.exp(a - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, i) => { out[i] = power / sum; });
  },
  matmul: (out, [x, kernel]) => {
    const sums = new Float64Array(out.length);
    for (let i = 0; i < x.length; i++) {
      for (let j = 0, at = i * out.length; j < out.length; j++, at++) sums[j] += x[i] * kernel[at];
    }
    out.set(sums);
  },
};

// A record, as an array of numbers → its answers by name.
async function predictor(program) {
  const floats = await unpacked(program.floats);
  const constant = (entry) => (entry.dtype === "F32" ? floats.subarray(entry.first, entry.last) : decoded(entry));
  const constants = Object.fromEntries(Object.entries(program.constants).map(([name, entry]) => [name, constant(entry)]));
  return (record) => {
    const known = { ...constants, [program.input.name]: new (program.input.double ? Float64Array : Float32Array)(record) };
    for (const [operation, takes, gives, columns, double, options] of program.steps) {
      const out = new (double ? Float64Array : Float32Array)(columns);
      const taken = takes.map((name) => known[name]);
      if (operation in WHOLE_RECORD) {
        WHOLE_RECORD[operation](out, taken, options);
      } else {
        const at = taken.map((array) => (array.length === 1 ? () => array[0] : (i) => array[i]));
        for (let i = 0; i < columns; i++) {
          if (operation === "where") out[i] = at[0](i) ? at[1](i) : at[2](i);
          else out[i] = operation in ONE ? ONE[operation](at[0](i)) : TWO[operation](at[0](i), at[1](i));
        }
      }
      known[gives] = out;
    }
    return Object.fromEntries(Object.entries(program.outputs).map(([role, name]) => [role, Array.from(known[name])]));
  };
}
