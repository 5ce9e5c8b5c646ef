// The products of bfloat16 (pair_product.h), and what rounds and packs for them, compared bit for bit with plain loops that
// model vdpbf16ps. Compiled for one instruction set (-DROWWISE_ISA -DROWWISE_BFLOAT16): with the processor's own instructions
// (-mavx512bf16), or with those that stand for them elsewhere.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <random>

#include "bfloat16_layer.h"

using namespace rowwise;
using namespace rowwise::ROWWISE_ISA;

namespace {

std::mt19937 bits(1);
int within(int least, int most) { return least + int(bits() % unsigned(most - least + 1)); }
float number() { return std::bit_cast<float>(std::uint32_t(0x3f800000 | bits() >> 9)) - 1.5f; }

bool same(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

// By arithmetic, not by bits: halves of a unit go to the even one.
float nearest(float v) {
  if (v != v || std::isinf(v)) return v;
  if (std::abs(v) < std::numeric_limits<float>::min()) return std::copysign(0.f, v);
  int exponent;
  const double fraction = std::frexp(double(v), &exponent);
  return float(std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8));
}

Vec<float> vector_of(float v) {
  Vec<float> all{};
  for (int i = 0; i < kWidth<float>; ++i) all[i] = v;
  return all;
}

bool rounds() {
  bool right = true;
  for (int i = 0; i < 200000 && right; ++i) {
    auto pattern = std::uint32_t(bits());
    if (i % 3 == 0) pattern = (pattern & 0xffff0000) | (i % 2 ? 0x8000 : 0x7fff + i % 5);  // halfway, and beside it
    const auto v = std::bit_cast<float>(pattern);
    const float expected = nearest(v), one = rounded(v), of_vector = rounded(vector_of(v))[0];
    right = v != v ? one != one && of_vector != of_vector : same(one, expected) && same(of_vector, expected);
    if (!right) std::printf("%a is rounded to %a, in a vector to %a; expected %a\n", v, one, of_vector, expected);
  }
  return right;
}

// a · b + init, a pair of the depth at a time: the second product first, each sum rounded.
float expected_sum(const std::vector<float>& a, const std::vector<float>& b, float sum) {
  const int depth = int(a.size());
  for (int k = 0; k < depth; k += 2) {
    if (k + 1 < depth) sum = std::fma(nearest(a[k + 1]), nearest(b[k + 1]), sum);
    sum = std::fma(nearest(a[k]), nearest(b[k]), sum);
  }
  return sum;
}

struct Drawn {
  int rows, depth, columns;
  std::vector<std::uint8_t> bytes;  // (rows, depth)
  std::vector<float> a, b, init;    // (rows, depth), (depth, columns), (columns,)
  bool as_bytes, transposed, adds;
  float scale = 1 / 255.f;

  Drawn() : rows(within(1, 40)), depth(within(1, 700)), columns(within(1, 230)) {
    as_bytes = within(0, 1), transposed = within(0, 1), adds = within(0, 1);
    const int zeros = within(0, 8);  // of eight
    for (int i = 0; i < rows * depth; ++i) {
      bytes.push_back(within(0, 7) < zeros ? 0 : std::uint8_t(bits()));
      a.push_back(as_bytes ? bytes[i] * scale : within(0, 7) < zeros ? 0 : number());
    }
    for (int i = 0; i < depth * columns; ++i) b.push_back(number());
    for (int j = 0; j < columns; ++j) init.push_back(number());
  }
};

// a (rows, depth), or its transpose, as a batch has it: rows `ld` apart, whole lines.
template <class X>
Buffer<X> laid_out(const std::vector<X>& a, const Drawn& d, std::ptrdiff_t ld) {
  Buffer<X> to(std::size_t(d.transposed ? d.depth + kRows : d.rows + kRows) * ld);
  for (int r = 0; r < d.rows; ++r)
    for (int k = 0; k < d.depth; ++k)
      to.get()[d.transposed ? k * ld + r : r * ld + k] = a[std::size_t(r) * d.depth + k];
  return to;
}

bool multiplies(int trial) {
  const Drawn d;
  Plan plan;
  plan.block = 16 * within(1, kMostBlock / 16), plan.chunk = 4 * within(1, kMostChunk / 4);
  const int owners = within(1, 3), pairs = pairs_in(d.depth);
  const PanelLayout<float> layout(d.depth, d.columns, owners);
  Buffer<Pair> b(std::size_t(pairs) * (layout.size() / std::size_t(d.depth)));
  for (const Panel& p : layout.panels())
    for (int k = 0; k < pairs; ++k)
      for (int j = 0; j < layout.width(p); ++j) {
        const float* const first = &d.b[std::size_t(2 * k) * d.columns + p.column + j];
        panel_of(b, p, pairs)[k * layout.ld(p) + j] = pair_of(*first, 2 * k + 1 < d.depth ? first[d.columns] : 0);
      }
  const int width = d.transposed ? d.rows : d.depth, ldo = padded<float>(d.columns);
  const std::ptrdiff_t ld = padded<float>(width), ld_bytes = padded<std::uint8_t>(width);
  const Buffer<float> numbers = laid_out(d.a, d, ld);
  const Buffer<std::uint8_t> bytes = laid_out(d.bytes, d, ld_bytes);
  Buffer<float> init(ldo), out(std::size_t(d.rows) * ldo);
  std::copy(d.init.begin(), d.init.end(), init.get());
  for (int r = 0; r < d.rows && d.adds; ++r) std::copy(d.init.begin(), d.init.end(), out.get() + std::ptrdiff_t(r) * ldo);

  const auto chunk = std::make_unique<PairChunk>();
  const auto multiply = [&](const auto& a) {
    for (int owner = 0; owner < owners; ++owner)
      product<float>(
          plan, *chunk, a, {0, d.rows}, pairs, layout, owner,
          [&](const Panel& p, int k) {
            return PanelRows<Pair>{panel_of(b, p, pairs) + std::ptrdiff_t(k) * layout.ld(p), layout.ld(p)};
          },
          [&](const Panel& p, int r) {
            return Out<float>{out.get() + std::ptrdiff_t(r) * ldo + p.column, ldo, init.get() + p.column, d.adds};
          });
  };
  if (d.as_bytes && d.transposed) multiply(ByteColumnPairs{bytes.get(), ld_bytes, d.scale, d.depth});
  else if (d.as_bytes) multiply(ByteRowPairs{bytes.get(), ld_bytes, d.scale});
  else if (d.transposed) multiply(ColumnPairs{numbers.get(), ld, d.depth});
  else multiply(RowPairs{numbers.get(), ld, d.depth});

  for (int r = 0; r < d.rows; ++r)
    for (int j = 0; j < d.columns; ++j) {
      std::vector<float> column;
      for (int k = 0; k < d.depth; ++k) column.push_back(d.b[std::size_t(k) * d.columns + j]);
      const auto from = d.a.begin() + std::ptrdiff_t(r) * d.depth;
      const float expected = expected_sum({from, from + d.depth}, column, d.init[j]);
      const float actual = out.get()[std::ptrdiff_t(r) * ldo + j];
      if (same(actual, expected)) continue;
      std::printf("product %d, %d x %d x %d, bytes %d, transposed %d: [%d, %d] is %a, expected %a\n", trial, d.rows,
                  d.depth, d.columns, d.as_bytes, d.transposed, r, j, actual, expected);
      return false;
    }
  return true;
}

// A kernel's two copies, rounded in parts as threads do, and those of d_z.
bool lays_out(int trial) {
  LayerDescription description;
  description.inputs = within(1, 150), description.units = within(1, 150);
  description.bfloat16 = true;
  const int K = description.inputs, N = description.units, batch = within(1, 40);
  Plan plan;
  plan.threads = within(1, 3);
  Layer<float> l(description, {{0, true, true}}, false, 0, batch, plan, {within(0, 1) == 1, within(0, 1) == 1});
  allocate_bfloat16(l, batch);
  std::vector<float> kernel, d_z;
  for (int i = 0; i < K * N; ++i) kernel.push_back(number());
  for (int i = 0; i < batch * N; ++i) d_z.push_back(number());
  for (int k = 0; k < K; ++k)
    l.layout.for_each_part(l.kernel.get(), k, [&](float* part, int column, int count) {
      std::copy_n(&kernel[std::size_t(k) * N + column], count, part);
    });
  for (int k = 0; k < K;) {
    const int end = std::min(K, k + 2 * within(1, 40));
    for (const Panel& p : l.layout.panels()) round_kernel(l, p, {k, end});
    k = end;
  }
  for (int r = 0; r < batch; ++r) std::copy_n(&d_z[std::size_t(r) * N], N, l.row(l.d_z, r));
  for (int r = 0; r < batch; r += 6) pair_d_z(l, {r, std::min(r + 6, batch)}, {0, N});

  const auto at = [](const std::vector<float>& m, int rows, int columns, int r, int c) {
    return r < rows && c < columns ? m[std::size_t(r) * columns + c] : 0.f;
  };
  bool right = true;
  for (const Panel& p : l.layout.panels())
    for (int k = 0; k < pairs_in(K); ++k)
      for (int j = 0; j < l.layout.width(p); ++j)
        right = right && kernel_pairs(l, p, k).p[j] ==
                             pair_of(at(kernel, K, N, 2 * k, p.column + j), at(kernel, K, N, 2 * k + 1, p.column + j));
  for (const Panel& p : l.layout_t.panels())
    for (int n = 0; n < pairs_in(N); ++n)
      for (int j = 0; j < l.layout_t.width(p); ++j)
        right = right && kernel_t_pairs(l, p, n).p[j] ==
                             pair_of(at(kernel, K, N, p.column + j, 2 * n), at(kernel, K, N, p.column + j, 2 * n + 1));
  for (int r = 0; r < pairs_in(batch); ++r)
    for (int j = 0; j < N; ++j)
      right = right && l.pairs.d_z.get()[std::ptrdiff_t(r) * l.ldn + j] ==
                           pair_of(at(d_z, batch, N, 2 * r, j), at(d_z, batch, N, 2 * r + 1, j));
  if (!right) std::printf("layer %d, %d x %d, %d records: other pairs than expected\n", trial, K, N, batch);
  return right;
}

}  // namespace

int main(int count, char** arguments) {
  const int trials = count > 1 ? std::atoi(arguments[1]) : 100;
  const FlushDenormals flushed;
  int wrong = !rounds();
  for (int trial = 0; trial < trials; ++trial) wrong += !multiplies(trial) + !lays_out(trial);
  std::printf("%d products and layers, %d wrong\n", trials, wrong);
  return wrong != 0;
}
