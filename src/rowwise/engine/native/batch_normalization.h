// BatchNormalization: inputs x (records, units) → (x - mean) / sqrt(variance + epsilon) * gamma + beta, unit by unit,
// with the statistics of the batch in training and the moving ones in predictions; and back.
//
// Forward and back, the sums of blocks of records come first; then threads meet, each adds up the blocks of the columns
// that it needs, and goes on. Functions that form a sum are not inlined: which product and sum become one instruction
// could depend on where.
#pragma once
#include "activation.h"
#include "gather.h"
#include "optimizer.h"

namespace rowwise::ROWWISE_ISA {

// f(block, its records) for the blocks of these rows, which begin with one.
template <class F>
void for_each_block(int block, Range rows, const F& f) {
  for (int begin = rows.begin; begin < rows.end; begin += block)
    f(begin / block, Range{begin, std::min(begin + block, rows.end)});
}

// x (records, units) → means, squares (units,) of one block.
template <class T>
[[gnu::noinline]] void sum_block(const Rows<T>& x, Range block, Range units, T* means, T* squares) {
  const T share = T(1) / block.size();
  for (int j = units.begin; j < units.end; j += kWidth<T>) {
    const T* const first = x.p + block.begin * x.ld + j;
    Vec<T> sum{}, square{};
    for (int r = 0; r < block.size(); ++r) sum += load(first + r * x.ld);
    const Vec<T> mean = sum * share;
    for (int r = 0; r < block.size(); ++r) {
      const Vec<T> difference = load(first + r * x.ld) - mean;
      square += difference * difference;
    }
    store(means + j, mean);
    store(squares + j, square);
  }
}

// mean, variance (units,) → what the inputs are multiplied by, and what is added.
template <class T>
[[gnu::noinline]] void set_scale(const Layer<T>& l, int thread, Range units) {
  using S = BatchStatistics<T>;
  const S& s = l.statistics;
  const T *const variance = s.row(thread, S::kVariance), *const gamma = l.kernel.get(), *const beta = l.bias.get();
  for (int j = units.begin; j < units.end; j += kWidth<T>) {
    const Vec<T> one = Vec<T>{} + T(1);
    const Vec<T> inverse = one / square_root<T>(load(variance + j) + T(l.description.epsilon));
    store(s.row(thread, S::kInverse) + j, inverse);
    store(s.row(thread, S::kScale) + j, gamma ? load(gamma + j) * inverse : inverse);
    store(s.row(thread, S::kShift) + j, beta ? load(beta + j) : Vec<T>{});
  }
}

// means, squares (blocks, units) → mean, variance (units,) of the batch, in `thread`'s own memory. (Chan, Golub and
// LeVeque: nothing large is subtracted from its like.)
template <class T>
[[gnu::noinline]] void add_up_blocks(const Layer<T>& l, int thread, int records, Range units) {
  using S = BatchStatistics<T>;
  const S& s = l.statistics;
  const T share = T(1) / records;
  for (int j = units.begin; j < units.end; j += kWidth<T>) {
    Vec<T> sum{}, square{};
    for_each_block(s.block, {0, records},
                   [&](int b, Range block) { sum += load(s.row(s.means, b) + j) * T(block.size()); });
    const Vec<T> mean = sum * share;
    for_each_block(s.block, {0, records}, [&](int b, Range block) {
      const Vec<T> off = load(s.row(s.means, b) + j) - mean;
      square += load(s.row(s.squares, b) + j) + off * off * T(block.size());
    });
    store(s.row(thread, S::kMean) + j, mean);
    store(s.row(thread, S::kVariance) + j, square * share);
  }
}


// Inputs (records, units) of layer i → the blocks' means and squares.
template <class T>
void sum_inputs(State<T>& state, const Turn& turn, std::size_t i, Range rows) {
  const Layer<T>& l = state.layers[i];
  const BatchStatistics<T>& s = l.statistics;
  if (l.waits) state.team.barrier().wait();
  if (l.by_columns) rows = {0, turn.records};
  const Range units = l.layout.columns(l.by_columns ? turn.thread : kEveryOwner);
  const Rows<T> x = rows_of(state, l.sources[0], turn.thread);
  for_each_block(s.block, rows, [&](int b, Range block) {
    sum_block(x, block, units, s.row(s.means, b), s.row(s.squares, b));
  });
}

// Once all blocks are summed: what this thread multiplies inputs by. In predictions the moving statistics say it.
template <class T>
void take_statistics(State<T>& state, std::size_t i, int thread, int records) {
  using S = BatchStatistics<T>;
  const Layer<T>& l = state.layers[i];
  const S& s = l.statistics;
  const Range units = l.layout.columns(l.by_columns ? thread : kEveryOwner);
  if (state.call.mode == Mode::predict) {
    std::memcpy(s.row(thread, S::kMean), s.moving_mean.get(), sizeof(T) * l.ldn);
    std::memcpy(s.row(thread, S::kVariance), s.moving_variance.get(), sizeof(T) * l.ldn);
  } else {
    add_up_blocks(l, thread, records, units);
  }
  set_scale(l, thread, units);
}

// Inputs (records, units) of layer i → z (records, units), for these rows and units.
template <class T>
void normalize(State<T>& state, const Turn& turn, std::size_t i, Range rows, Range units) {
  using S = BatchStatistics<T>;
  const Layer<T>& l = state.layers[i];
  const S& s = l.statistics;
  const Rows<T> x = rows_of(state, l.sources[0], turn.thread);
  const T *const mean = s.row(turn.thread, S::kMean), *const scale = s.row(turn.thread, S::kScale),
                *const shift = s.row(turn.thread, S::kShift);
  for (int r = rows.begin; r < rows.end; ++r) {
    const T* const from = x.p + r * x.ld;
    T* const z = l.row(l.z, r);
    for (int j = units.begin; j < units.end; j += kWidth<T>)
      store(z + j, (load(from + j) - load(mean + j)) * load(scale + j) + load(shift + j));
  }
}

// x, d_z (records, units) → sums, products (units,) of one block.
template <class T>
[[gnu::noinline]] void sum_d_block(const Layer<T>& l, const Rows<T>& x, Range block, Range units, const T* mean,
                                   const T* inverse, T* sums, T* products) {
  for (int j = units.begin; j < units.end; j += kWidth<T>) {
    Vec<T> sum{}, product{};
    for (int r = block.begin; r < block.end; ++r) {
      const Vec<T> d = load(l.row(l.d_z, r) + j);
      sum += d;
      product += d * (load(x.p + r * x.ld + j) - load(mean + j));
    }
    store(sums + j, sum);
    store(products + j, product * load(inverse + j));
  }
}

// d_z (records, units) of layer i → the blocks' sums and products.
template <class T>
void sum_gradients(State<T>& state, const Turn& turn, std::size_t i, Range rows) {
  using S = BatchStatistics<T>;
  const Layer<T>& l = state.layers[i];
  const S& s = l.statistics;
  if (l.backward_waits) state.team.barrier().wait();
  if (l.by_columns) rows = {0, turn.records};
  const Range units = l.layout.columns(l.by_columns ? turn.thread : kEveryOwner);
  const Rows<T> x = rows_of(state, l.sources[0], turn.thread);
  for_each_block(s.block, rows, [&](int b, Range block) {
    sum_d_block(l, x, block, units, s.row(turn.thread, S::kMean), s.row(turn.thread, S::kInverse), s.row(s.d_sums, b),
                s.row(s.d_products, b));
  });
}

// Once all blocks are summed: d_gamma, d_beta (units,), and what takes d_z to the gradient by the inputs.
template <class T>
[[gnu::noinline]] void take_gradients(State<T>& state, std::size_t i, int thread, int records) {
  using S = BatchStatistics<T>;
  const Layer<T>& l = state.layers[i];
  const S& s = l.statistics;
  const Range units = l.layout.columns(l.by_columns ? thread : kEveryOwner);
  const T share = T(1) / records;
  for (int j = units.begin; j < units.end; j += kWidth<T>) {
    Vec<T> d_beta{}, d_gamma{};
    for_each_block(s.block, {0, records}, [&](int b, Range) {
      d_beta += load(s.row(s.d_sums, b) + j);
      d_gamma += load(s.row(s.d_products, b) + j);
    });
    const Vec<T> scale = load(s.row(thread, S::kScale) + j) * share;
    store(s.row(thread, S::kDBeta) + j, d_beta);
    store(s.row(thread, S::kDGamma) + j, d_gamma);
    store(s.row(thread, S::kByX) + j, scale * load(s.row(thread, S::kInverse) + j) * d_gamma);
    store(s.row(thread, S::kConstant) + j, scale * d_beta);
  }
}

// d_z (records, units) of layer i → its part of the gradient by its inputs, for one record.
template <class T>
[[gnu::noinline]] void normalize_backward(const Layer<T>& l, int thread, const T* x, const T* d_z, T* d_x, bool adds,
                                          Range units) {
  using S = BatchStatistics<T>;
  const S& s = l.statistics;
  const T *const mean = s.row(thread, S::kMean), *const scale = s.row(thread, S::kScale),
                *const by_x = s.row(thread, S::kByX), *const constant = s.row(thread, S::kConstant);
  for (int j = units.begin; j < units.end; j += kWidth<T>) {
    const Vec<T> through_variance = (load(x + j) - load(mean + j)) * load(by_x + j);
    const Vec<T> d = load(d_z + j) * load(scale + j) - through_variance - load(constant + j);
    store(d_x + j, adds ? load(d_x + j) + d : d);
  }
}

// mean, variance (units,) of the batch → the moving ones, for these units.
template <class T>
void move_statistics(const Layer<T>& l, int thread, Range units) {
  using S = BatchStatistics<T>;
  const S& s = l.statistics;
  const T momentum = T(l.description.momentum), rest = T(1 - l.description.momentum);
  const auto move = [&](T* moving, const T* batch) {
    for (int j = units.begin; j < units.end; j += kWidth<T>)
      store(moving + j, load(moving + j) * momentum + load(batch + j) * rest);
  };
  move(s.moving_mean.get(), s.row(thread, S::kMean));
  move(s.moving_variance.get(), s.row(thread, S::kVariance));
}

}  // namespace rowwise::ROWWISE_ISA
