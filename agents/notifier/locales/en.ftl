# The words of the notifier in English, after the help page of the feature.
# $label is what the device calls the check. No message says which check failed, or why it is off.

feature = { $label ->
    [touch-id] Touch ID
    [face-id] Face ID
    [face] face recognition
    [fingerprint] fingerprint recognition
   *[unknown] face or fingerprint recognition
}
feature-first = { $label ->
    [touch-id] Touch ID
    [face-id] Face ID
    [face] Face recognition
    [fingerprint] Fingerprint recognition
   *[unknown] Face or fingerprint recognition
}

switched_on =
    .title = { feature-first } is on
    .body = You can now log in on this device with { feature } instead of your password. If this was not you, switch it off in the app and change your password.

switched_off =
    .title = { feature-first } is off
    .body = Logging in with { feature } was switched off on this device. Please use your password. You can switch it on again in the app's settings at any time.

not_available =
    .title = { feature-first } is off
    .body = Logging in with { feature } is not available for your account on this device. Please use your password.

use_password =
    .title = Please use your password
    .body = Please log in with your password this time. When you next log in, you can use { feature } again. If the check does not always work as expected, this can help:

switch_on_again =
    .title = { feature-first } is off
    .body = Logging in with { feature } is switched off on this device, for example because the faces or fingerprints saved on it were updated. You can switch it on again:

set_up_device_first =
    .title = Set up { feature } on your device
    .body = { feature-first } is not set up on your device, so you cannot log in with it. Set it up in your device's settings first:

refresh_biometrics =
    .title = Trouble with { feature }?
    .body = Biometric recognition does not always work as expected. If that happens often, this can help:

tip-software = Make sure that your device has the latest update of its operating system.
tip-fingers = Make sure that your fingers are clean and dry when they touch the sensor.
tip-light = Make sure that your face is well lit and clearly visible.
tip-coverings = Take off what covers your face, and wipe the sensor or camera clean.
step-log-in-with-password = Log in with your password.
step-app-settings = In the app, open Settings and choose “Password & security”.
step-toggle-on = Under “Authentication Options”, switch “Face or Fingerprint Recognition” on.
step-follow-prompts = Follow the prompts.
step-device-settings = Open your device's settings and set up { feature } there.
step-device-prompts = Follow the prompts of your device.
step-return-and-toggle-on = Return to the app, and switch it on under Settings, “Password & security”.
step-update-biometrics = If it goes on, update the face or fingerprint saved on your device, in the device's settings.
step-switch-on-after-update = That switches the feature off in the app. The next time you log in, you will be guided through switching it on again.
