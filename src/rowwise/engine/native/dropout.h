// (key, step, layer, record, unit) → dropped or kept. The mask is computed wherever it is needed and never stored: it
// depends on nothing else, so neither on threads nor on how a step is divided among them.
#pragma once
#include <cstdint>

#include "threads.h"

namespace rowwise::ROWWISE_ISA {

// 32 well-mixed bits: two rounds of C. Wellons' "lowbias32".
inline std::uint32_t mixed(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352dU;
  x = (x ^ (x >> 15)) * 0x846ca68bU;
  return x ^ (x >> 16);
}

// The mask of one record's inputs to a layer.
template <class T>
class DropoutMask {
 public:
  DropoutMask(double rate, std::uint64_t key, std::int64_t step, std::size_t layer, int record)
      : limit_(std::uint32_t(rate * 4294967296.0)), scale_(T(1 / (1 - rate))) {
    const std::uint32_t place = mixed(std::uint32_t(step) * 0x9e3779b9U + std::uint32_t(layer)) + std::uint32_t(record);
    key_1_ = mixed(std::uint32_t(key) ^ place);
    key_2_ = mixed(std::uint32_t(key >> 32) + place);
  }
  // What the unit is multiplied by: 0, or 1 / (1 - rate), which keeps the expectation.
  T operator()(int unit) const {
    return mixed(mixed(std::uint32_t(unit) ^ key_1_) + key_2_) >= limit_ ? scale_ : T(0);
  }
  // from (units,) times the mask → to (units,), for these units; from may be to.
  void apply(const T* from, T* to, Range units) const {
    for (int j = units.begin; j < units.end; ++j) to[j] = from[j] * (*this)(j);
  }

 private:
  std::uint32_t key_1_, key_2_, limit_;
  T scale_;
};

}  // namespace rowwise::ROWWISE_ISA
