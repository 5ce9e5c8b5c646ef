// A matrix in column panels: a few vectors wide, each panel contiguous, row after row.
//
// So a thread's columns lie in memory of their own. In one row-major block the processor's prefetchers would fetch the
// neighbour's half of every row, away from the core that is about to write it (measured: two threads slower than one).
#pragma once
#include <algorithm>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#include "threads.h"
#include "vector.h"

namespace rowwise::ROWWISE_ISA {

// Widest, in vectors: the sums of four rows with it, it and a number fit the registers.
inline constexpr int kPanel = kRegisters == 32 ? 6 : 3;

template <class T>
class Buffer {  // zeroed numbers, aligned to a cache line
 public:
  explicit Buffer(std::size_t size = 0) : size_(size) {
    if (!size) return;
    p_.reset(static_cast<T*>(::operator new(sizeof(T) * size + kSlack, std::align_val_t(64))));
    std::memset(static_cast<void*>(p_.get()), 0, sizeof(T) * size + kSlack);
  }
  T* get() const { return p_.get(); }
  explicit operator bool() const { return size_ != 0; }

 private:
  static constexpr std::size_t kSlack = 512;  // whole vectors, and four columns at once, are read at the end of the last row
  struct Free {
    void operator()(T* p) const { ::operator delete(p, std::align_val_t(64)); }
  };
  std::size_t size_;
  std::unique_ptr<T, Free> p_;
};

struct Panel {
  int column, vectors, owner;  // first column; width; the thread whose it is, where threads divide the columns
  std::ptrdiff_t offset;       // of its first number
};

// How wide the next of `panels` panels is that share `vectors`: a whole one, because a narrow panel leaves part of the
// multiply-adds to waiting, as long as no single vector stays for the last.
inline int next_panel(int vectors, int panels) {
  return vectors - kPanel > 1 ? kPanel : vectors / panels;
}

// How the columns of a matrix are cut. Several matrices (a kernel, the optimizer's moments) share one cut.
template <class T>
class Cut {
 public:
  Cut() = default;
  Cut(int rows, int columns, int owners) : rows_(rows), columns_(columns) {
    const int vectors = (columns + kWidth<T> - 1) / kWidth<T>;
    for (int t = 0; t < owners; ++t) {
      const Range mine = share(vectors, owners, t);
      const int count = (mine.size() + kPanel - 1) / kPanel;
      for (int column = mine.begin, left = count; left > 0; --left) {
        const int width = next_panel(mine.end - column, left);
        panels_.push_back({column * kWidth<T>, width, t, size_});
        size_ += std::ptrdiff_t(rows) * width * kWidth<T>;
        column += width;
      }
    }
  }
  std::size_t size() const { return std::size_t(size_); }
  const std::vector<Panel>& panels() const { return panels_; }
  static int ld(const Panel& p) { return p.vectors * kWidth<T>; }
  int width(const Panel& p) const { return std::min(ld(p), columns_ - p.column); }  // without the padding

  static T* row_of(T* matrix, const Panel& p, int r) { return matrix + p.offset + std::ptrdiff_t(r) * ld(p); }
  Range columns(int owner) const {  // of `owner`, or all for -1
    Range own{columns_, columns_};
    for (const Panel& p : panels_)
      if (owner < 0 || p.owner == owner) own = {std::min(own.begin, p.column), p.column + width(p)};
    return own;
  }

  // call(panel, the next or null, J) for the panels of `owner`, or all for -1, with J known when compiled.
  template <class Call>
  void each(int owner, const Call& call) const {
    const auto counts = [&](const Panel& p) { return owner < 0 || p.owner == owner; };
    for (std::size_t i = 0; i < panels_.size(); ++i) {
      const Panel& p = panels_[i];
      if (!counts(p)) continue;
      const Panel* next = i + 1 < panels_.size() && counts(panels_[i + 1]) ? &panels_[i + 1] : nullptr;
      switch (p.vectors) {
#define ROWWISE_PANEL(J)                                                             \
  case J:                                                                            \
    if constexpr (J <= kPanel) { call(p, next, std::integral_constant<int, J>{}); }  \
    break;
        ROWWISE_PANEL(1) ROWWISE_PANEL(2) ROWWISE_PANEL(3) ROWWISE_PANEL(4) ROWWISE_PANEL(5) ROWWISE_PANEL(6)
#undef ROWWISE_PANEL
      }
    }
  }
  // f(numbers, how many) for the parts of a row, from left to right.
  template <class F>
  void row(T* matrix, int r, const F& f) const {
    for (const Panel& p : panels_) f(row_of(matrix, p, r), p.column, width(p));
  }

 private:
  int rows_ = 0, columns_ = 0;
  std::ptrdiff_t size_ = 0;
  std::vector<Panel> panels_;
};

}  // namespace rowwise::ROWWISE_ISA
