// Functions of single values, and gradients through them. Polynomials after Cephes (Moshier).
#pragma once

#include "kernels/vector.hpp"

namespace sequential {
namespace {

inline Vector absolute(Vector x) {
    return x < 0.0F ? -x : x;
}

/// e^x for x from -87 to 88; beyond, the value at the nearer bound.
inline Vector exponential(Vector x) {
    x = x < -87.0F ? Vector{} - 87.0F : x;
    x = x > 88.0F ? Vector{} + 88.0F : x;
    constexpr float shift = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
    const Vector n = (x * 1.44269504F + shift) - shift;
    const Vector r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
    Vector p = r * 1.9875691500e-4F + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * (r * r) + r + 1.0F;
    const Mask exponent = (__builtin_convertvector(n, Mask) + 127) << 23;
    Vector power;
    __builtin_memcpy(&power, &exponent, sizeof power);
    return p * power;
}

inline Vector tanh_of(Vector x) {
    const Vector a = absolute(x), z = x * x;
    Vector p = z * -5.70498872745e-3F + 2.06390887954e-2F;
    p = p * z - 5.37397155531e-2F;
    p = p * z + 1.33314422036e-1F;
    p = p * z - 3.33332819422e-1F;
    const Vector near = x + x * (z * p);
    const Vector far = 1.0F - 2.0F / (exponential(a + a) + 1.0F);
    return a < 0.625F ? near : x < 0.0F ? -far : far;
}

inline Vector sigmoid_of(Vector x) {
    return 1.0F / (1.0F + exponential(-x));
}

/// The standard normal cumulative probability of x, accurate to the last digits even far below 0.
inline Vector normal_of(Vector x) {
    const Vector t = absolute(x) * 0.70710678F, z = t * t;
    Vector e = z * 7.853861353153693e-5F - 8.010193625184903e-4F;
    e = e * z + 5.188327685732524e-3F;
    e = e * z - 2.685381193529856e-2F;
    e = e * z + 1.128358514861418e-1F;
    e = e * z - 3.761262582423300e-1F;
    e = e * z + 1.128379165726710F;
    const Vector erf = t * e;  // where t < 1

    const Vector q = 1.0F / t, y = q * q;
    Vector p = y * 2.326819970068386e-2F - 1.387039388740657e-1F;
    p = p * y + 3.687424674597105e-1F;
    p = p * y - 5.824733027278666e-1F;
    p = p * y + 6.210004621745983e-1F;
    p = p * y - 4.944515323274145e-1F;
    p = p * y + 3.404879937665872e-1F;
    p = p * y - 2.741127028184656e-1F;
    p = p * y + 5.638259427386472e-1F;
    Vector r = y * -1.047766399936249e+1F + 1.297719955372516e+1F;
    r = r * y - 7.495518717768503F;
    r = r * y + 2.921019019210786F;
    r = r * y - 1.015265279202700F;
    r = r * y + 4.218463358204948e-1F;
    r = r * y - 2.820767439740514e-1F;
    r = r * y + 5.641895067754075e-1F;
    const Vector erfc = exponential(-z) * q * (t < 2.0F ? p : r);
    const Vector above = 0.5F * (t < 1.0F ? 1.0F - erf : erfc);  // of |x|
    return x < 0.0F ? above : 1.0F - above;
}

/// Calls work(x, y) on vectors of two arrays; on copies for the last, possibly incomplete one. In
/// one place, because compilers fuse multiplications and additions of two copies of the work in two
/// ways, and a value's bits must not depend on its place.
template <class Work>
inline void for_vectors(const float *x, float *y, std::int64_t count, Work work) {
    float xs[B] = {}, ys[B] = {};
    for (std::int64_t i = 0; i < count; i += B) {
        const std::int64_t rest = count - i;
        const float *from = x + i;
        float *to = y + i;
        if (rest < B) {
            for (std::int64_t j = 0; j < rest; ++j) xs[j] = from[j], ys[j] = to[j];
            from = xs;
            to = ys;
        }
        store(to, work(load(from), load(to)));
        for (std::int64_t j = 0; rest < B && j < rest; ++j) y[i + j] = ys[j];
    }
}

void rectify_values(const float *x, float slope, float *y, std::int64_t count) {
    for_vectors(x, y, count, [=](Vector v, Vector) { return rectify(v, slope); });
}

void tanh_values(const float *x, float *y, std::int64_t count) {
    for_vectors(x, y, count, [](Vector v, Vector) { return tanh_of(v); });
}

void tanh_gradient(const float *y, float *g, std::int64_t count) {
    for_vectors(y, g, count, [](Vector v, Vector d) { return d * (1.0F - v * v); });
}

void sigmoid_values(const float *x, float *y, std::int64_t count) {
    for_vectors(x, y, count, [](Vector v, Vector) { return sigmoid_of(v); });
}

void sigmoid_gradient(const float *y, float *g, std::int64_t count) {
    for_vectors(y, g, count, [](Vector v, Vector d) { return d * (v * (1.0F - v)); });
}

void gelu_values(const float *x, float *y, std::int64_t count) {
    for_vectors(x, y, count, [](Vector v, Vector) { return v * normal_of(v); });
}

void gelu_gradient(const float *x, float *g, std::int64_t count) {
    for_vectors(x, g, count, [](Vector v, Vector d) {
        const Vector density = 0.39894228F * exponential(-0.5F * v * v);
        return d * (normal_of(v) + v * density);
    });
}

}  // namespace
}  // namespace sequential
