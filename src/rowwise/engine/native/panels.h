// A matrix (rows, columns) → column panels, each a few vectors wide and contiguous, row after row.
//
// So the columns of a thread lie in memory of their own. In one row-major block the processor's prefetchers would fetch
// the neighbour's half of every row, away from the core that is about to write it: two threads were slower than one.
#pragma once
#include <algorithm>
#include <type_traits>
#include <vector>

#include "threads.h"
#include "vector.h"

namespace rowwise::ROWWISE_ISA {

// The widest panel, in vectors: the sums of four rows, one row of the panel and one number of the left operand fill the
// registers.
inline constexpr int kPanelVectors = kRegisters == 32 ? 6 : 3;

inline constexpr int kEveryOwner = -1;

struct Panel {
  int column;             // its first
  int vectors;            // its width
  int owner;              // the thread that works on it, where threads divide the columns
  std::ptrdiff_t offset;  // of its first number, in the matrix
};

// Several matrices (a kernel, its gradient, the optimizer's moments) share one layout.
template <class T>
class PanelLayout {
 public:
  PanelLayout() = default;
  PanelLayout(int rows, int columns, int owners) : columns_(columns) {
    const int vectors = (columns + kWidth<T> - 1) / kWidth<T>;
    for (int owner = 0; owner < owners; ++owner) {
      const Range own = share(vectors, owners, owner);
      const int count = (own.size() + kPanelVectors - 1) / kPanelVectors;
      for (int first = own.begin, left = count; left > 0; --left) {
        const int width = first_width(own.end - first, left);
        panels_.push_back({first * kWidth<T>, width, owner, size_});
        size_ += std::ptrdiff_t(rows) * width * kWidth<T>;
        first += width;
      }
    }
  }
  const std::vector<Panel>& panels() const { return panels_; }
  std::size_t size() const { return std::size_t(size_); }  // of a matrix, with padding
  static int ld(const Panel& p) { return p.vectors * kWidth<T>; }
  int width(const Panel& p) const { return std::min(ld(p), columns_ - p.column); }  // without padding

  // Row r of a panel: (ld(p),).
  static T* row(T* matrix, const Panel& p, int r) { return matrix + p.offset + std::ptrdiff_t(r) * ld(p); }

  // The columns of `owner`, or of kEveryOwner.
  Range columns(int owner) const {
    Range own{columns_, columns_};
    for (const Panel& p : panels_)
      if (belongs(p, owner)) own = {std::min(own.begin, p.column), p.column + width(p)};
    return own;
  }

  // call(panel, J, next) for the panels of `owner`: J is panel.vectors, known when this is compiled; next is the panel
  // after it, or null.
  template <class Call>
  void for_each(int owner, const Call& call) const {
    for (std::size_t i = 0; i < panels_.size(); ++i) {
      const Panel& p = panels_[i];
      if (!belongs(p, owner)) continue;
      const Panel* next = i + 1 < panels_.size() && belongs(panels_[i + 1], owner) ? &panels_[i + 1] : nullptr;
      switch (p.vectors) {
#define ROWWISE_PANEL(J)                                                                    \
  case J:                                                                                   \
    if constexpr (J <= kPanelVectors) { call(p, std::integral_constant<int, J>{}, next); }  \
    break;
        ROWWISE_PANEL(1) ROWWISE_PANEL(2) ROWWISE_PANEL(3) ROWWISE_PANEL(4) ROWWISE_PANEL(5) ROWWISE_PANEL(6)
#undef ROWWISE_PANEL
      }
    }
  }
  // call(numbers, first column, how many) for the parts of a row, from left to right.
  template <class Call>
  void for_each_part(T* matrix, int r, const Call& call) const {
    for (const Panel& p : panels_) call(row(matrix, p, r), p.column, width(p));
  }

 private:
  static bool belongs(const Panel& p, int owner) { return owner == kEveryOwner || p.owner == owner; }
  // The width of the first of `panels` panels that share `vectors`: a whole one, because a narrower one cannot keep the
  // multiply-adds busy, unless that left a single vector for the last.
  static int first_width(int vectors, int panels) {
    return vectors - kPanelVectors > 1 ? kPanelVectors : vectors / panels;
  }

  int columns_ = 0;
  std::ptrdiff_t size_ = 0;
  std::vector<Panel> panels_;
};

}  // namespace rowwise::ROWWISE_ISA
