// Formulas over whole rows and tensors, in Eigen's arrays: array(w) -= rate * array(g).
//
// Opt-in: link Eigen3::Eigen, and include this before any header of Eigen. It is for use inside
// plugins; nothing of Eigen crosses the contract.
//
// Same bytes wherever a row lies. Sums, products, quotients, square roots, comparisons and the like
// act on one element at a time, and give the same bits at any address. Eigen's reductions (sum,
// mean, norm, dot, maxCoeff) and its exp and log do not: they start at the next aligned address and
// treat the remainder differently. Use sum_of, dot, norm_l2 and their neighbours from spar/math.hpp
// instead, and each_exp below. A test runs every formula at eight offsets, and the architecture
// test knows which calls may not follow an array.
#pragma once

#ifdef EIGEN_CORE_H
#error "include <spar/array.hpp> before Eigen: it asks for exact square roots"
#endif
#undef EIGEN_FAST_MATH
#define EIGEN_FAST_MATH 0  // otherwise roots are approximate and depend on the processor

#include <spar/math.hpp>
#include <spar/tensor.hpp>

#include <Eigen/Core>
#include <cmath>

namespace SPAR_HIDDEN spar {

/// The elements of a span as an array, read and written in place.
inline Eigen::Map<Eigen::ArrayXf> array(std::span<float> values) {
    return {values.data(), static_cast<Eigen::Index>(values.size())};
}
inline Eigen::Map<const Eigen::ArrayXf> array(std::span<const float> values) {
    return {values.data(), static_cast<Eigen::Index>(values.size())};
}

/// All rows of a batch as one array.
inline Eigen::Map<Eigen::ArrayXf> array(const Rows<float> &rows) {
    return array(rows.flat());
}
inline Eigen::Map<const Eigen::ArrayXf> array(const Rows<const float> &rows) {
    return array(rows.flat());
}
inline Eigen::Map<Eigen::ArrayXf> array(Matrix &matrix) {
    return array(matrix.rows());
}

/// A span's elements in double, as an expression: compute in it what is to be rounded only once.
inline auto doubles(std::span<const float> values) {
    return array(values).cast<double>();
}

/// exp of every element, in double, by the C library's function: an expression to build on.
template <class Expression>
auto each_exp(const Eigen::ArrayBase<Expression> &values) {
    return values.unaryExpr([](double v) { return std::exp(v); });
}

/// The sum of an expression's elements, in double and in sum_of's order.
template <class Expression>
double total(const Eigen::ArrayBase<Expression> &values) {
    return sum_of(static_cast<std::size_t>(values.size()), [&](std::size_t i) {
        return static_cast<double>(values.derived().coeff(static_cast<Eigen::Index>(i)));
    });
}

}  // namespace spar
