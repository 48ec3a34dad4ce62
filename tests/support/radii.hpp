// A radius for each norm that leaves attacks something to do on a test's model.
#pragma once

#include <doctest/doctest.h>

#include <spar/abi/base.h>

namespace spar::test {

struct Radii {
    double linf, l1, l2, l0;

    double of(spar_norm norm) const {
        switch (norm) {
            case SPAR_NORM_LINF:
                return linf;
            case SPAR_NORM_L1:
                return l1;
            case SPAR_NORM_L2:
                return l2;
            case SPAR_NORM_L0:
                return l0;
            default:
                FAIL("give the new norm a radius in radii.hpp");
                return 0;
        }
    }
};

}  // namespace spar::test
