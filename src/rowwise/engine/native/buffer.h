// A size → zeroed memory that starts at a cache line, and how far apart the rows of a matrix in it lie.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace rowwise::ROWWISE_ISA {

inline constexpr int kLineBytes = 64;  // a cache line

template <class T>
class Buffer {
 public:
  explicit Buffer(std::size_t size = 0) {
    if (!size) return;
    *this = untouched(size);
    std::memset(static_cast<void*>(p_.get()), 0, sizeof(T) * size + kSlackBytes);
  }
  // Whose numbers are written before they are read: memory that nobody needs is not even mapped.
  static Buffer untouched(std::size_t size) {
    Buffer buffer;
    buffer.p_.reset(static_cast<T*>(::operator new(sizeof(T) * size + kSlackBytes, std::align_val_t(kLineBytes))));
    return buffer;
  }
  T* get() const { return p_.get(); }
  explicit operator bool() const { return p_ != nullptr; }

 private:
  // Whole vectors, and four columns at once, are read at the end of the last row too.
  static constexpr std::size_t kSlackBytes = 512;
  struct Free {
    void operator()(T* p) const { ::operator delete(p, std::align_val_t(kLineBytes)); }
  };
  std::unique_ptr<T, Free> p_;
};

// Rows of n numbers → the distance from one row to the next: whole cache lines, and an odd number of them, so that the
// rows do not compete for the same sets of the cache.
template <class T>
inline int padded(int n) {
  constexpr int line = kLineBytes / sizeof(T);
  return (((n + line - 1) / line) | 1) * line;
}

}  // namespace rowwise::ROWWISE_ISA
