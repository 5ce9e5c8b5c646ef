// A description → all memory of a network: what the passes of a step read and write. A step itself allocates nothing.
#pragma once
#include <memory>
#include <vector>

#include "bfloat16_layer.h"
#include "layer.h"
#include "network.h"
#include "plan.h"
#include "schedule.h"
#include "wiring.h"

namespace rowwise::ROWWISE_ISA {

enum class Mode { train, predict, gradient };

// What Python has asked for.
struct Call {
  Mode mode;
  Records records;
  Rates rates;
  std::uint64_t dropout_key;
  double seconds;
  Progress* progress;
  float* outputs;  // (count, units), or null

  std::int64_t row(std::int64_t visit) const { return records.order ? records.order[visit] : visit; }
  bool drops() const { return mode != Mode::predict; }
};

// A thread at a step.
struct Turn {
  int thread;
  std::int64_t step;
  int records;               // of this step: the last of an epoch may have fewer
  std::int64_t first_visit;  // the step's first record, counted through the epoch
};

template <class T>
struct State {
  const NetworkDescription description;
  Plan plan;  // of the next call
  Team team;
  Schedule<T> schedule;
  std::vector<Layer<T>> layers;
  std::vector<int> normalizations;  // the layers that are a BatchNormalization: threads meet within them
  // The batch (batch_size, features): one, or one for each thread.
  std::vector<Buffer<T>> x;
  std::vector<Buffer<std::uint8_t>> bytes;
  int features, widest = 1, ldx, ld_bytes;
  std::vector<Buffer<T>> d_kernel_rows;  // of each thread (panels of `chunk` rows), about to be applied
  std::vector<std::unique_ptr<PackedChunk<T>>> packed;  // of each thread
  std::vector<std::unique_ptr<PairChunk>> packed_pairs;  // the same, where layers are in bfloat16
  Buffer<T> losses;                      // (batch_size,): times the records' weights
  Buffer<std::uint8_t> hits;             // (batch_size,)
  Buffer<double> row_sums;               // (kernel_rows,): a row of a kernel, or a bias, has a sum
  std::size_t kernel_rows = 0;
  bool has_penalties = false;
  Call call{};

  State(const NetworkDescription& d, const Plan& p)
      : description(d),
        plan(p),
        team(p.threads),
        schedule(d, p),
        features(d.layers[0].inputs),
        ldx(padded<T>(features)),
        ld_bytes(padded<std::uint8_t>(features)),
        losses(d.batch_size),
        hits(d.batch_size) {
    const auto sources = sources_of(d);
    const auto divisions = divisions_of(d, sources, schedule);
    for (std::size_t i = 0; i < d.layers.size(); ++i) {
      const LayerDescription& layer = d.layers[i];
      layers.emplace_back(layer, sources[i], i + 1 == d.layers.size(), d.optimizer.slots(), d.batch_size, p, divisions[i]);
      if constexpr (kBfloat16) allocate_bfloat16(layers.back(), d.batch_size);
      if (d.optimizer.clips_by_norm()) layers.back().allocate_gradients();
      if (layers.back().x_dropped) layers[sources[i][0].layer].dropped_by = int(i);
      if (layer.kind == Kind::batch_normalization) normalizations.push_back(int(i));
      widest = std::max(widest, layer.units);
      kernel_rows += std::size_t(layers.back().K) + 1;
      has_penalties = has_penalties || layer.kernel_l1 || layer.kernel_l2 || layer.bias_l1 || layer.bias_l2;
    }
    const auto rows = std::size_t(d.batch_size);
    for (int copy = 0; copy < schedule.batch_copies(); ++copy) {
      if (d.bytes) bytes.emplace_back((rows + kRows) * ld_bytes);
      else x.emplace_back(rows * ldx);
    }
    d_kernel_rows.resize(std::size_t(p.threads));
    for (int t = 0; t < p.threads; ++t) packed.emplace_back(new PackedChunk<T>);
    for (int t = 0; t < p.threads && kBfloat16; ++t) packed_pairs.emplace_back(new PairChunk);
    row_sums = Buffer<double>(kernel_rows);
    take(p);
  }

  // A plan for which the weights lie as they do.
  void take(const Plan& p) {
    for (Buffer<T>& rows : d_kernel_rows)
      if (!rows || p.chunk != plan.chunk) rows = Buffer<T>::untouched(std::size_t(p.chunk) * padded<T>(widest));
    plan = p;
    schedule = Schedule<T>(description, p);
    const auto divisions = divisions_of(description, sources_of(description), schedule);
    for (std::size_t i = 0; i < layers.size(); ++i) layers[i].take(divisions[i]);
    set_waits(layers);
    schedule.assign_narrow_kernels(layers);
    schedule.cut_kernels(layers);
  }

  // From BatchNormalization to BatchNormalization, forward and back.
  int phases() const { return call.mode == Mode::predict ? 1 : 2 * int(normalizations.size()) + 1; }

  // f(its place in row_sums, layer, k) for this thread's rows of all kernels; k = K is the bias.
  template <class F>
  void for_each_kernel_row(int thread, const F& f) const {
    std::size_t first = 0;
    for (const Layer<T>& l : layers) {
      const Range rows = share(l.K + 1, plan.threads, thread);
      for (int k = rows.begin; k < rows.end; ++k) f(first + k, l, k);
      first += std::size_t(l.K) + 1;
    }
  }
};

}  // namespace rowwise::ROWWISE_ISA
