// What a BatchNormalization remembers of its inputs, of the batches before and of the one at hand.
//
// A sum over the records of a batch is formed of the sums of its blocks, in their order. How many records a block has
// depends on batch_size alone, and one thread forms a block's sum: the result does not depend on their number.
#pragma once
#include <algorithm>
#include <bit>
#include <vector>

#include "buffer.h"

namespace rowwise::ROWWISE_ISA {

// Some 16 blocks a batch, which every thread adds up; what a thread works on is a number of them (schedule.h).
inline int block_of(int batch_size) { return int(std::bit_floor(unsigned(std::clamp(batch_size / 16, 4, 64)))); }

template <class T>
struct BatchStatistics {
  // What each thread works out for itself, of the columns that it needs: (units,) each.
  enum Row { kMean, kVariance, kInverse, kScale, kShift, kDGamma, kDBeta, kByX, kConstant, kRowsOfThread };

  int block = 0;                                   // records
  int ldn = 0;                                     // from one row of any of these to the next
  Buffer<T> moving_mean, moving_variance;          // (units,)
  Buffer<T> means, squares;                        // (blocks, units): mean, and sum of squared differences from it
  Buffer<T> d_sums, d_products;                    // (blocks, units): sums of d_z, and of d_z times normalized inputs
  std::vector<Buffer<T>> of_thread;                // (kRowsOfThread, units)

  BatchStatistics() = default;
  BatchStatistics(int ld, int batch_size, int threads)
      : block(block_of(batch_size)), ldn(ld), moving_mean(ld), moving_variance(ld) {
    const std::size_t blocks = (batch_size + block - 1) / block;
    for (Buffer<T>* sums : {&means, &squares, &d_sums, &d_products}) *sums = Buffer<T>(blocks * ld);
    for (int t = 0; t < threads; ++t) of_thread.emplace_back(std::size_t(kRowsOfThread) * ld);
  }
  T* row(const Buffer<T>& of, int b) const { return of.get() + std::ptrdiff_t(b) * ldn; }
  T* row(int thread, Row which) const { return row(of_thread[thread], which); }
};

}  // namespace rowwise::ROWWISE_ISA
