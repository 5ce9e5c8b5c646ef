// A network's sizes and a plan → who works on what in a step.
//
// Divided by records, as large batches are: a thread takes a few of them through all layers and back, then takes the next,
// as long as there are some; rows of the kernels are taken likewise. Nobody waits for a thread whose core is slower.
// Divided by columns, as small batches are: a thread takes columns of each wide layer, so that its part of the kernel
// and of the moments stays in its own cache; of a narrow layer it takes records, or rows of the kernel. No sum is ever divided among threads: the
// result does not depend on their number.
#pragma once
#include <algorithm>
#include <optional>
#include <vector>

#include "bfloat16.h"
#include "layer.h"
#include "threads.h"

namespace rowwise::ROWWISE_ISA {

inline constexpr int kRecordsAhead = 16;  // bytes are prefetched so many
inline constexpr int kFewestRows = 16;    // of a kernel, of a task

// Columns are divided where a kernel has so many weights, which fill an L1 cache, and where no thread gets more than so
// many times an even share of them.
inline constexpr std::int64_t kKernelWorthDividing = 16384;
inline constexpr double kMostUneven = 1.4;

inline constexpr int kPaired = kBfloat16 ? 2 : 1;  // records, or rows of a kernel, that one thread takes together

template <class T>
class Schedule {
 public:
  Schedule(const NetworkDescription& d, const Plan& plan)
      : threads_(plan.threads),
        by_records_(plan.by_records),
        chunk_(plan.chunk),
        block_(block_in(d)),
        task_records_(whole_blocks(plan.task)),
        kernel_tasks_(plan.threads) {
    for (int phase = 0; phase < phases_in(d); ++phase) record_tasks_.emplace_back(plan.threads);
  }

  bool by_records() const { return by_records_; }

  // A small batch is gathered by each thread for itself: another core's cache is further away than the records.
  int batch_copies() const { return by_records_ ? 1 : threads_; }
  std::size_t batch_copy(int thread) const { return by_records_ ? 0 : std::size_t(thread); }

  // A thread's part of a small batch, in whole blocks.
  Range own_records(int records, int thread) const {
    const Range blocks = share((records + block_ - 1) / block_, threads_, thread);
    return {std::min(blocks.begin * block_, records), std::min(blocks.end * block_, records)};
  }

  // Whether threads divide the columns of a product with a matrix (depth, columns).
  bool divides_columns(int depth, int columns) const {
    if (by_records_) return false;
    const int vectors = (columns + kWidth<T> - 1) / kWidth<T>, widest = (vectors + threads_ - 1) / threads_;
    return threads_ == 1 || (std::int64_t(depth) * columns >= kKernelWorthDividing &&
                             double(widest) * threads_ <= kMostUneven * vectors);
  }

  // Kernels whose columns are not divided are updated by the threads that have the fewest columns of the others.
  void assign_narrow_kernels(const std::vector<Layer<T>>& layers) {
    std::vector<std::int64_t> work(threads_);
    for (const Layer<T>& l : layers) {
      kernel_task_count_ += tasks(l);
      if (l.by_columns)
        for (const Panel& p : l.layout.panels()) work[p.owner] += std::int64_t(l.K) * p.vectors;
    }
    const std::int64_t least = *std::min_element(work.begin(), work.end());
    for (const std::int64_t own : work) narrow_place_.push_back(own <= least + least / 20 ? narrow_threads_++ : -1);
  }
  // The rows of a kernel (K, N) that a thread updates, of its own columns where they are divided.
  Range kernel_rows(const Layer<T>& l, int thread) const {
    if (l.by_columns) return {0, l.K};
    if (narrow_place_[thread] < 0) return {0, 0};
    const Range own = share((l.K + kPaired - 1) / kPaired, narrow_threads_, narrow_place_[thread]);
    return {own.begin * kPaired, std::min(own.end * kPaired, l.K)};
  }
  bool updates_bias(const Layer<T>& l, int thread) const {
    return l.bias && (l.by_columns || narrow_place_[thread] == narrow_threads_ - 1);
  }
  // The units of a normalization whose gamma, beta and moving statistics a thread updates.
  Range normalization_units(const Layer<T>& l, int thread) const {
    if (l.by_columns) return l.layout.columns(thread);
    return {0, narrow_place_[thread] == narrow_threads_ - 1 ? l.N : 0};
  }

  // Divided by records: what there is to take in a step, in each phase, dealt out while nobody takes any.
  void deal_records(int records) {
    for (Tasks& phase : record_tasks_) phase.deal((records + task_records_ - 1) / task_records_);
  }
  void deal_kernels() { kernel_tasks_.deal(kernel_task_count_); }

  std::optional<Range> take_records(int phase, int thread, int records) {
    const int task = record_tasks_[phase].take(thread);
    if (task < 0) return {};
    return Range{task * task_records_, std::min((task + 1) * task_records_, records)};
  }
  struct KernelRows {
    std::size_t layer;
    Range rows;
  };
  std::optional<KernelRows> take_kernel_rows(int thread, const std::vector<Layer<T>>& layers) {
    int task = kernel_tasks_.take(thread);
    if (task < 0) return {};
    std::size_t i = 0;
    for (; task >= tasks(layers[i]); ++i) task -= tasks(layers[i]);
    const int rows = rows_of_task(layers[i]);
    return KernelRows{i, {task * rows, std::min((task + 1) * rows, layers[i].K)}};
  }

 private:
  static int phases_in(const NetworkDescription& d) {
    int phases = 1;
    for (const LayerDescription& l : d.layers) phases += l.kind == Kind::batch_normalization ? 2 : 0;
    return phases;
  }
  static int block_in(const NetworkDescription& d) { return phases_in(d) > 1 ? block_of(d.batch_size) : kPaired; }
  int whole_blocks(int records) const { return std::max(records / block_, 1) * block_; }
  int tasks(const Layer<T>& l) const {
    const int rows = rows_of_task(l);
    return l.is(Kind::dense) ? (l.K + rows - 1) / rows : l.description.is_normalization();
  }
  // Rows of a kernel that a thread takes at a time: there are some for each thread.
  int rows_of_task(const Layer<T>& l) const {
    if (threads_ == 1) return chunk_;
    return std::min(chunk_, std::max(kFewestRows, l.K / (4 * threads_) / kRows * kRows));
  }

  int threads_;
  bool by_records_;
  int chunk_;
  int block_;  // records whose sum one thread forms (batch_statistics.h); where there is no such sum, kPaired
  int task_records_;
  std::vector<Tasks> record_tasks_;  // of each phase of a step
  Tasks kernel_tasks_;
  int kernel_task_count_ = 0;
  std::vector<int> narrow_place_;  // of each thread: its place among those that update narrow kernels, or -1
  int narrow_threads_ = 0;
};

}  // namespace rowwise::ROWWISE_ISA
